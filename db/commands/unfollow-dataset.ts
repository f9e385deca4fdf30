import { and, eq } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import type { Database } from '../client.ts'
import { standingBuild } from '../schema.ts'
import { auditOrder } from './audit-order.ts'

/** Builds that were started go on; the next landing starts none. One that does not follow stays as it is. */
export async function unfollowDataset(db: Database, dataset: string, definitionHash: string, command: Command): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(standingBuild).where(and(eq(standingBuild.dataset, dataset), eq(standingBuild.definitionHash, definitionHash)))
    await auditOrder(tx, { action: 'unfollow', subject: `dataset/${dataset}`, detail: { definitionHash } }, command)
  })
}
