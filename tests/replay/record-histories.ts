import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connection, isGrpcServiceError } from '@temporalio/client'
import { temporal } from '@temporalio/proto'
import * as workflows from '#workflows/index.ts'
import { historiesFolder } from './histories-folder.ts'

const { History } = temporal.api.history.v1
type Event = temporal.api.history.v1.IHistoryEvent

/**
 * Saves one history of each shape that a test's workflows took, when QUANTLOOP_RECORD_HISTORIES is set (see record.ts).
 * Two runs have the same shape when the same activities, commands, signals and timers led to the same end.
 */
export async function recordHistories(connection: Connection, namespace: string): Promise<void> {
  if (!process.env.QUANTLOOP_RECORD_HISTORIES) return
  await mkdir(historiesFolder, { recursive: true })
  let nextPageToken: Uint8Array | undefined
  do {
    const page = await connection.workflowService.listClosedWorkflowExecutions({
      namespace,
      maximumPageSize: 100,
      startTimeFilter: {},
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    })
    for (const { type, execution } of page.executions ?? [])
      if (type?.name && type.name in workflows && execution) await save(connection, namespace, type.name, execution)
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
  } while (nextPageToken !== undefined)
}

async function save(
  connection: Connection,
  namespace: string,
  workflow: string,
  execution: temporal.api.common.v1.IWorkflowExecution,
): Promise<void> {
  const { history } = await connection.workflowService
    .getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 10_000 })
    .catch(nothingIfLong)
  const events = history?.events ?? []
  const end = endOf(events.at(-1))
  if (history == null || end === undefined) return
  const shape = createHash('sha256')
    .update(JSON.stringify(stepsOf(events)))
    .digest('hex')
    .slice(0, 8)
  const plain = History.toObject(History.fromObject(history), { enums: String, longs: String, bytes: String })
  const anonymous = JSON.stringify({ workflowId: execution.workflowId, history: plain }, withoutPlace)
  await writeFile(join(historiesFolder, `${workflow}-${end}-${shape}.json`), `${anonymous}\n`)
}

/** gRPC's status RESOURCE_EXHAUSTED. */
const resourceExhausted: number = 8

/** A life of megabytes, which no answer holds, has the shape of a shorter one. */
function nothingIfLong(error: unknown): { history?: undefined } {
  if (isGrpcServiceError(error) && error.code === resourceExhausted) return {}
  throw error
}

export type SavedHistory = { workflowId: string; history: temporal.api.history.v1.IHistory }

/** The SDK's own conversion from JSON wants one copy of protobufjs in the whole tree, which npm does not promise. */
export function readHistory(file: string): SavedHistory {
  const { workflowId, history } = JSON.parse(readFileSync(join(historiesFolder, file), 'utf8')) as {
    workflowId: string
    history: Record<string, unknown>
  }
  return { workflowId, history: History.fromObject(history) }
}

const stepsOf = (events: readonly Event[]) => [...new Set(events.map(stepOf).filter((step) => step !== undefined))]

function stepOf(event: Event): string | undefined {
  if (event.activityTaskScheduledEventAttributes) return `activity ${event.activityTaskScheduledEventAttributes.activityType?.name}`
  if (event.activityTaskCanceledEventAttributes) return 'activity cancelled'
  if (event.activityTaskFailedEventAttributes) return 'activity failed'
  if (event.workflowExecutionSignaledEventAttributes) return `signal ${event.workflowExecutionSignaledEventAttributes.signalName}`
  if (event.workflowExecutionUpdateAcceptedEventAttributes)
    return `update ${event.workflowExecutionUpdateAcceptedEventAttributes.acceptedRequest?.input?.name}`
  if (event.workflowExecutionCancelRequestedEventAttributes) return 'cancel'
  if (event.timerStartedEventAttributes) return 'timer'
  return endOf(event)
}

/** A terminated run has no end of its own, and one whose worker was missing says nothing about its code. */
function endOf(event: Event | undefined): 'completed' | 'failed' | undefined {
  if (event?.workflowExecutionCompletedEventAttributes) return 'completed'
  return event?.workflowExecutionFailedEventAttributes ? 'failed' : undefined
}

/** A worker's own queue, named after its process and host. */
const stickyQueue = /^\d+@.+-[0-9a-f]{32}$/

/** Names of machines and paths of folders are nobody's business, and a replay does not look at them. */
function withoutPlace(key: string, value: unknown): unknown {
  if (key === 'identity') return 'recorder'
  if (key === 'stackTrace') return ''
  return key === 'name' && typeof value === 'string' && stickyQueue.test(value) ? 'sticky' : value
}
