import { eq, sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { servingLease } from '../schema.ts'

export type LeaseContent = Pick<typeof servingLease.$inferInsert, 'replicaId' | 'url'> & {
  ready: Record<string, number>
  active: Record<string, number>
  share: Record<string, number>
  refusal: Record<string, { revision: number; reason: string }>
}

/** Says that this replica lives, what it has warmed and how it answers, by the database's clock. */
export async function renewServingLease(db: Database, lease: LeaseContent): Promise<void> {
  const content = { ...lease, renewedAt: sql`now()` }
  await db.insert(servingLease).values(content).onConflictDoUpdate({ target: servingLease.replicaId, set: content })
}

/** A replica that ends in order is waited for no longer. */
export async function endServingLease(db: Database, replicaId: string): Promise<void> {
  await db.delete(servingLease).where(eq(servingLease.replicaId, replicaId))
}
