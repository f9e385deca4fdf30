import { eq } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import type { SupervisionPolicy } from '#contracts/supervision.ts'
import type { Database } from '../client.ts'
import { audit, supervision } from '../schema.ts'

/** The policy that the supervisor keeps to from its next look on, with its audit row. A repeat changes nothing. */
export async function setSupervisionPolicy(
  db: Database,
  { endpoint, policy, command }: { endpoint: string; policy: SupervisionPolicy; command: Command },
): Promise<void> {
  await db.transaction(async (tx) => {
    const [row] = await tx.select({ policy: supervision.policy }).from(supervision).where(eq(supervision.endpoint, endpoint)).for('update')
    if (row === undefined) return
    const entry = {
      by: command.by,
      action: 'change-policy',
      subject: `supervision/${endpoint}`,
      commandId: command.commandId,
      detail: { from: row.policy, to: policy, ...(command.reason === undefined ? {} : { reason: command.reason }) },
    }
    const written = await tx.insert(audit).values(entry).onConflictDoNothing().returning({ id: audit.id })
    // an earlier try of this command, which a later one may have followed
    if (written.length > 0) await tx.update(supervision).set({ policy }).where(eq(supervision.endpoint, endpoint))
  })
}
