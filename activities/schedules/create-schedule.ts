import { ScheduleAlreadyRunning, type Client, type ScheduleOptions } from '@temporalio/client'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { scheduleId } from '#contracts/ids.ts'
import type { Cadence, CreateScheduleRequest } from '#contracts/schedules.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Database } from '#db/client.ts'
import { auditOrder } from '#db/commands/audit-order.ts'

/** A Temporal Schedule that asks for syncs of a dataset. @throws QuantloopError already_exists */
export async function createSchedule(
  { db, client }: { db: Database; client: Client },
  request: CreateScheduleRequest,
  command: Command,
): Promise<void> {
  const { name, dataset, cadence } = request
  const options: ScheduleOptions = {
    scheduleId: scheduleId(name),
    spec: specOf(cadence),
    action: {
      type: 'startWorkflow',
      workflowType: 'requestSync',
      workflowId: scheduleId(name),
      taskQueue: taskQueues.orchestration,
      args: [{ schedule: name, dataset }],
      staticSummary: `sync of ${dataset}, by schedule ${name}`,
    },
    // a firing that was missed by more than this, because Temporal was away, is left out
    policies: { overlap: 'SKIP', catchupWindow: '1 hour' },
    memo: { ...request, by: command.by, commandId: command.commandId },
  }
  try {
    await client.schedule.create(options)
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    const { memo } = await client.schedule.getHandle(options.scheduleId).describe()
    if (memo?.commandId !== command.commandId)
      throw new QuantloopError('already_exists', `there is a schedule ${name} already: delete it first, or take another name`, {
        schedule: name,
      })
  }
  await auditOrder(db, { action: 'create', subject: `schedule/${name}`, detail: { dataset, cadence } }, command)
}

const specOf = (cadence: Cadence): ScheduleOptions['spec'] =>
  cadence.kind === 'cron'
    ? { cronExpressions: [cadence.expression], timezone: cadence.timeZone }
    : { intervals: [{ every: `${cadence.everySeconds} seconds` }] }
