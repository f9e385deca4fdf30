import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { InspectionActivities } from '#activities/inspections.ts'
import type { UndoneInspection } from '#contracts/snapshots.ts'
import { atomic } from './proxies.ts'

const { keepUndone } = proxyActivities<InspectionActivities>({ ...atomic, summary: 'how it ended' })

type Asked = Pick<UndoneInspection, 'kind' | 'id' | 'dataset' | 'snapshotIds' | 'requestedBy'>

/** What is done leaves its row with its result; what fails or is stopped leaves one here, and then ends as it would have. */
export async function inspected<Result>(asked: Asked, look: () => Promise<Result>): Promise<Result> {
  try {
    return await look()
  } catch (error) {
    const startedAt = workflowInfo().startTime.toISOString()
    await CancellationScope.nonCancellable(() => keepUndone({ ...asked, ...endOf(error), startedAt }))
    throw error
  }
}

function endOf(error: unknown): Pick<UndoneInspection, 'state' | 'failure'> {
  if (isCancellation(error)) return { state: 'stopped', failure: null }
  // inside the envelope that Temporal put around it
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error
  const code = cause instanceof ApplicationFailure ? (cause.type ?? 'internal') : 'internal'
  return { state: 'failed', failure: { code, message: cause instanceof Error ? cause.message : String(cause) } }
}
