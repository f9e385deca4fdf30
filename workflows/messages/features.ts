import { defineSignal } from '@temporalio/workflow'

/** Sent with the start of a shared build: this workflow wants the signal `nudge` when the build has ended. */
export const awaitBuild = defineSignal<[{ workflowId: string }], 'awaitBuild'>('awaitBuild')
