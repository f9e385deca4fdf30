import { defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Command, RunState } from '#contracts/commands.ts'
import type { SupervisionPolicy } from '#contracts/supervision.ts'

/** Which retrain a caller was told of. */
export type RetrainIds = { retrainId: string; runId: string }

export type Acknowledge = Command & { alertId: string }
export type SetPolicy = Command & { policy: SupervisionPolicy }

/** Train a challenger now. While a retrain is in flight it is that one which is answered. */
export const retrainNow = defineUpdate<RetrainIds, [Command], 'retrainNow'>('retrainNow')

/** Somebody has seen an alert. */
export const acknowledge = defineUpdate<RunState, [Acknowledge], 'acknowledge'>('acknowledge')

/** Keep to another policy from the next look on. */
export const setPolicy = defineUpdate<RunState, [SetPolicy], 'setPolicy'>('setPolicy')

/** The same verbs from the Temporal UI or `temporal workflow signal`. */
export const retrainNowSignal = defineSignal<[unknown?], 'retrainNow'>('retrainNow')
export const acknowledgeSignal = defineSignal<[unknown?], 'acknowledge'>('acknowledge')
export const setPolicySignal = defineSignal<[unknown?], 'setPolicy'>('setPolicy')
