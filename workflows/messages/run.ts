import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Command, RunState } from '#contracts/commands.ts'

/** Verbs that every durable process understands. People send the update; `…Signal` is the same verb from the Temporal UI. */
export const pause = defineUpdate<RunState, [Command], 'pause'>('pause')
export const resume = defineUpdate<RunState, [Command], 'resume'>('resume')
export const stop = defineUpdate<RunState, [Command], 'stop'>('stop')
export const approve = defineUpdate<RunState, [Command], 'approve'>('approve')
export const reject = defineUpdate<RunState, [Command], 'reject'>('reject')

/** From the Temporal UI or `temporal workflow signal`; everything in it may be missing. */
export type SignalledCommand = Partial<Command> | undefined

export const pauseSignal = defineSignal<[SignalledCommand?], 'pause'>('pause')
export const resumeSignal = defineSignal<[SignalledCommand?], 'resume'>('resume')
export const stopSignal = defineSignal<[SignalledCommand?], 'stop'>('stop')
export const approveSignal = defineSignal<[SignalledCommand?], 'approve'>('approve')
export const rejectSignal = defineSignal<[SignalledCommand?], 'reject'>('reject')

/** Sent by an activity that was paused, or began again, by Temporal's own activity pause. */
export const nativePause = defineSignal<[{ paused: boolean; attempt: number }], 'nativePause'>('nativePause')

/** A shared workflow has ended: read PostgreSQL again. */
export const nudge = defineSignal<[], 'nudge'>('nudge')

export const runState = defineQuery<RunState, [], 'runState'>('runState')
