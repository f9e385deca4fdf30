import { defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Command, RunState } from '#contracts/commands.ts'

/** Skip the steps and the bake that are left: the replicas must hold the version all the same. */
export const promote = defineUpdate<RunState, [Command], 'promote'>('promote')

/** Undo what was moved so far. */
export const rollback = defineUpdate<RunState, [Command], 'rollback'>('rollback')

/** The same verbs from the Temporal UI or `temporal workflow signal`. */
export const promoteSignal = defineSignal<[unknown?], 'promote'>('promote')
export const rollbackSignal = defineSignal<[unknown?], 'rollback'>('rollback')
