import { asc, eq, gt } from 'drizzle-orm'
import type { Endpoint } from '#contracts/deployments.ts'
import type { Executor } from '../client.ts'
import { endpoint } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

/** By name. */
export async function listEndpoints(db: Executor, { limit, after }: { limit: number; after?: string | undefined }) {
  const [name] = after === undefined ? [] : decodeCursor(after, [''] as [string])
  const rows = await db
    .select()
    .from(endpoint)
    .where(name === undefined ? undefined : gt(endpoint.name, name))
    .orderBy(asc(endpoint.name))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.name], endpointOf)
}

export async function findEndpoint(db: Executor, name: string): Promise<Endpoint | undefined> {
  const [row] = await db.select().from(endpoint).where(eq(endpoint.name, name))
  return row && endpointOf(row)
}

/** The whole routing table: what a serving replica reads at each poll. */
export async function readRoutingTable(db: Executor): Promise<Endpoint[]> {
  return (await db.select().from(endpoint).orderBy(asc(endpoint.name))).map(endpointOf)
}

const endpointOf = (row: typeof endpoint.$inferSelect): Endpoint => ({ ...row, updatedAt: iso(row.updatedAt) })
