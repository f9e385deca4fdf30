import { defineSignal } from '@temporalio/workflow'

/** Sent with the start of a shared calibration: this workflow wants the signal `nudge` when it has ended. */
export const awaitCalibration = defineSignal<[{ workflowId: string }], 'awaitCalibration'>('awaitCalibration')
