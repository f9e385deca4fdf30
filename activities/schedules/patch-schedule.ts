import { type Client, isGrpcServiceError } from '@temporalio/client'
import { optionalDateToTs } from '@temporalio/common/lib/time.js'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { scheduleId } from '#contracts/ids.ts'
import type { Order } from '#contracts/orders.ts'
import type { Database } from '#db/client.ts'
import { auditOrder } from '#db/commands/audit-order.ts'

type Patch = Extract<Order, { verb: 'pause-schedule' | 'resume-schedule' | 'trigger-schedule' | 'backfill-schedule' }>
type TemporalPatch = NonNullable<Parameters<Client['workflowService']['patchSchedule']>[0]['patch']>

/** gRPC: not found */
const notFound = 5
/** `SCHEDULE_OVERLAP_POLICY_BUFFER_ALL`: firings that somebody asked for wait for each other, and none is skipped */
const bufferAll = 3

/**
 * Pauses, resumes, triggers or back-fills a schedule. Temporal knows the request by the command's id, so that a second
 * try triggers nothing more.
 * @throws QuantloopError not_found
 */
export async function patchSchedule({ db, client }: { db: Database; client: Client }, order: Patch, command: Command): Promise<void> {
  const { name } = order
  const { namespace } = client.options
  try {
    await client.workflowService.patchSchedule({
      namespace,
      scheduleId: scheduleId(name),
      identity: client.options.identity,
      requestId: command.commandId,
      patch: patchOf(order, noteOf(order.verb, command)),
    })
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === notFound)
      throw new QuantloopError('not_found', `there is no schedule ${name}`, { schedule: name }, { cause: error })
    throw error
  }
  const { action, detail } = auditOf(order)
  await auditOrder(db, { action, subject: `schedule/${name}`, detail }, command)
}

function patchOf(order: Patch, note: string): TemporalPatch {
  switch (order.verb) {
    case 'pause-schedule':
      return { pause: note }
    case 'resume-schedule':
      return { unpause: note }
    case 'trigger-schedule':
      return { triggerImmediately: { overlapPolicy: bufferAll } }
    case 'backfill-schedule':
      return { backfillRequest: [{ startTime: timeOf(order.from), endTime: timeOf(order.to), overlapPolicy: bufferAll }] }
    default:
      return order satisfies never
  }
}

const timeOf = (timestamp: string) => optionalDateToTs(new Date(timestamp)) ?? null

const noteOf = (verb: Patch['verb'], { by, reason }: Command) =>
  `${verb === 'pause-schedule' ? 'paused' : 'resumed'} by ${by}${reason === undefined ? '' : `: ${reason}`}`

const auditOf = ({ verb, name: _, ...detail }: Patch) => ({ action: verb.replace(/-schedule$/, ''), detail })
