/** Starting durable processes, and finding those whose first row is not written yet. */
import { type Client, WorkflowExecutionAlreadyStartedError, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client'
import { taskQueues } from '#contracts/task-queues.ts'
import type { AcceptedRequest } from './idempotency.ts'

/** Temporal answers a start, a look or a list within this, or counts as away. */
const answerMs = 5_000

type Start = { type: string; workflowId: string; input: unknown; request: AcceptedRequest }

/** What the memo of a workflow holds: enough to answer for a run before its first row. */
type RunMemo<Input> = { id: string; input: Input; by: string; bodySha256: string }

export type UnwrittenRun<Input> = RunMemo<Input> & { workflowId: string; startedAt: string; state: 'running' | 'failed' | 'stopped' }

/**
 * Starts a run under an id that is never used again. A repeat of the same request finds itself there.
 * @returns false when it was there already
 */
export const startOnce = (client: Client, start: Start) => startWith(client, start, 'REJECT_DUPLICATE')

/**
 * Starts a process of an entity: again after it closed, never beside itself. A row says that its process has ended a
 * moment before Temporal does, and who has read that row may start the next: then the close is waited for.
 * @returns false when one is running
 */
export async function startUnlessRunning(client: Client, start: Start, rowHasEnded: () => Promise<boolean>): Promise<boolean> {
  if (await startWith(client, start, 'ALLOW_DUPLICATE')) return true
  if (!(await rowHasEnded())) return false
  await client.withDeadline(Date.now() + answerMs, () => client.workflow.getHandle(start.workflowId).result()).catch(() => {})
  return startWith(client, start, 'ALLOW_DUPLICATE')
}

async function startWith(
  client: Client,
  { type, workflowId, input, request }: Start,
  workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE',
) {
  rememberStart(client, request.id, workflowId)
  const memo: RunMemo<unknown> = { id: request.id, input, by: request.origin.by, bodySha256: request.origin.bodySha256 }
  try {
    await client.withDeadline(Date.now() + answerMs, () =>
      client.workflow.start(type, {
        workflowId,
        taskQueue: taskQueues.orchestration,
        args: [input],
        memo,
        workflowIdReusePolicy,
        workflowIdConflictPolicy: 'FAIL',
      }),
    )
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

/** The workflow ids of the newest starts, by the id of the run: needed until Temporal lists them, which takes a moment. */
const newestStarts = new WeakMap<Client, Map<string, string>>()
const keptStarts = 1_000

function rememberStart(client: Client, id: string, workflowId: string): void {
  const starts = newestStarts.get(client) ?? new Map<string, string>()
  newestStarts.set(client, starts.set(id, workflowId))
  for (const oldest of starts.keys()) {
    if (starts.size <= keptStarts) break
    starts.delete(oldest)
  }
}

/** The latest run under a workflow id, as its memo tells; undefined when Temporal knows none. */
export async function findUnwrittenRun<Input>(client: Client, workflowId: string): Promise<UnwrittenRun<Input> | undefined> {
  try {
    return unwritten<Input>(await client.withDeadline(Date.now() + answerMs, () => client.workflow.getHandle(workflowId).describe()))
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

/**
 * For runs whose workflow id cannot be told from their own. Those that this process started are looked up by it, for
 * Temporal's lists lag behind its starts; others are looked for among the running ones of a type, which are few.
 */
export async function findRunningById<Input>(client: Client, type: string, id: string): Promise<UnwrittenRun<Input> | undefined> {
  const workflowId = newestStarts.get(client)?.get(id)
  const own = workflowId === undefined ? undefined : await findUnwrittenRun<Input>(client, workflowId)
  if (own?.id === id && own.state === 'running') return own
  return client.withDeadline(Date.now() + answerMs, async () => {
    for await (const execution of client.workflow.list({ query: `WorkflowType = '${type}' AND ExecutionStatus = 'Running'` })) {
      const run = unwritten<Input>(execution)
      if (run?.id === id) return run
    }
    return undefined
  })
}

function unwritten<Input>(
  execution: Pick<WorkflowExecutionInfo, 'workflowId' | 'startTime' | 'status' | 'memo'>,
): UnwrittenRun<Input> | undefined {
  const memo = execution.memo as RunMemo<Input> | undefined
  if (memo?.id === undefined) return undefined
  const { name } = execution.status
  const state = name === 'RUNNING' ? 'running' : name === 'TERMINATED' || name === 'CANCELLED' ? 'stopped' : 'failed'
  return { ...memo, workflowId: execution.workflowId, startedAt: execution.startTime.toISOString(), state }
}
