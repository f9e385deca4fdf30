import { ScheduleNotFoundError, type Client } from '@temporalio/client'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { scheduleId } from '#contracts/ids.ts'
import type { Database } from '#db/client.ts'
import { auditOrder } from '#db/commands/audit-order.ts'
import { hasAudit } from '#db/queries/audit.ts'

/**
 * Ends a schedule; syncs that it has started go on. It is audited first: a try that comes after the deletion knows by it
 * that the deletion was its own.
 * @throws QuantloopError not_found
 */
export async function deleteSchedule({ db, client }: { db: Database; client: Client }, name: string, command: Command): Promise<void> {
  const entry = { action: 'delete', subject: `schedule/${name}`, detail: {} }
  const handle = client.schedule.getHandle(scheduleId(name))
  try {
    await handle.describe()
    await auditOrder(db, entry, command)
    await handle.delete()
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    if (await hasAudit(db, { commandId: command.commandId, ...entry })) return
    throw new QuantloopError('not_found', `there is no schedule ${name}`, { schedule: name }, { cause: error })
  }
}
