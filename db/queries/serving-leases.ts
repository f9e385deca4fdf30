import { asc, sql } from 'drizzle-orm'
import { servingLeaseMs } from '#contracts/deployments.ts'
import type { Executor } from '../client.ts'
import { servingLease } from '../schema.ts'

export type ServingLease = typeof servingLease.$inferSelect

/** The replicas whose lease was renewed within `servingLeaseMs`, by the database's own clock. */
export async function listLiveLeases(db: Executor): Promise<ServingLease[]> {
  return await db
    .select()
    .from(servingLease)
    .where(sql`${servingLease.renewedAt} > now() - ${servingLeaseMs} * interval '1 millisecond'`)
    .orderBy(asc(servingLease.replicaId))
}
