import type { Command } from '#contracts/commands.ts'
import type { Executor } from '../client.ts'
import { audit } from '../schema.ts'

export type AuditedOrder = { action: string; subject: string; detail: Record<string, unknown> }

/** Who changed something that has no row of ours. Once for a command, however often it is applied. */
export async function auditOrder(
  db: Executor,
  { action, subject, detail }: AuditedOrder,
  { commandId, by, reason }: Command,
): Promise<void> {
  await db
    .insert(audit)
    .values({ by, action, subject, commandId, detail: { ...detail, ...(reason === undefined ? {} : { reason }) } })
    .onConflictDoNothing()
}
