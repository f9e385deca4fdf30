import { defineUpdate } from '@temporalio/workflow'
import type { Command, RunState } from '#contracts/commands.ts'
import type { SupervisionPolicy } from '#contracts/supervision.ts'

/** Train a challenger now. While a retrain is in flight it is that one which is answered. */
export const retrainNow = defineUpdate<{ retrainId: string; runId: string }, [Command], 'retrainNow'>('retrainNow')

/** Keep to another policy from the next look on. */
export const setPolicy = defineUpdate<RunState, [Command & { policy: SupervisionPolicy }], 'setPolicy'>('setPolicy')
