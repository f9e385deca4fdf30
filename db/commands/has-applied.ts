import { and, eq } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import type { Executor } from '../client.ts'
import { audit } from '../schema.ts'

/** Whether this very command has been applied to the subject: its audit row is written in the transaction that does. */
export async function hasApplied(tx: Executor, { commandId }: Command, subject: string): Promise<boolean> {
  const rows = await tx
    .select({ id: audit.id })
    .from(audit)
    .where(and(eq(audit.commandId, commandId), eq(audit.subject, subject)))
  return rows.length > 0
}
