/** Work that Temporal alone knows how it stands, for as long as it keeps the history. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { InspectionRecord } from '#db/queries/inspections.ts'
import type { InspectionKind } from '#contracts/snapshots.ts'
import { explain } from './errors.ts'
import { findUnwrittenRun } from './runs.ts'

const answerMs = 5_000
const wasStopped = 'it was stopped'

export type Inspected<Input, Result> = {
  input: Input
  startedAt: string
  state: 'running' | 'done' | 'failed' | 'stopped'
  failure: string | null
  result: Result | null
}

/** Undefined when Temporal knows of none, or has forgotten it. */
export async function findInspection<Input, Result>(client: Client, workflowId: string): Promise<Inspected<Input, Result> | undefined> {
  const run = await findUnwrittenRun<Input>(client, workflowId)
  if (run === undefined) return undefined
  const { input, startedAt } = run
  if (run.state === 'running') return { input, startedAt, state: 'running', failure: null, result: null }
  try {
    return { input, startedAt, state: 'done', failure: null, result: await resultOf<Result>(client, workflowId, answerMs) }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    const failure = explain(error)
    if (failure.code === 'unavailable') throw error
    return { input, startedAt, state: run.state, failure: run.state === 'stopped' ? wasStopped : failure.message, result: null }
  }
}

/** How one ended that Temporal may have forgotten, for its row has not. */
export const keptStanding = <K extends InspectionKind>({ startedAt, state, failure }: InspectionRecord<K>) => ({
  startedAt,
  state,
  failure: state === 'stopped' ? wasStopped : (failure?.message ?? null),
})

/** Waits for it, no longer than so many milliseconds. @throws QuantloopError whatever it failed with | unavailable */
export const resultOf = async <Result>(client: Client, workflowId: string, withinMs: number): Promise<Result> =>
  await client.withDeadline(Date.now() + withinMs, () => client.workflow.getHandle<() => Promise<Result>>(workflowId).result())
