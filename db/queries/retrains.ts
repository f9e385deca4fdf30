import { and, desc, eq, sql } from 'drizzle-orm'
import type { Retrain } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { retrain } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Filter = { limit: number; after?: string | undefined; endpoint?: string | undefined }

/** Newest first. */
export async function listRetrains(db: Executor, { limit, after, endpoint }: Filter) {
  const last = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(retrain)
    .where(
      and(
        endpoint === undefined ? undefined : eq(retrain.endpoint, endpoint),
        last === undefined ? undefined : sql`(${retrain.startedAt}, ${retrain.id}) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
      ),
    )
    .orderBy(desc(retrain.startedAt), desc(retrain.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.startedAt, row.id], retrainOf)
}

export async function findRetrain(db: Executor, id: string): Promise<Retrain | undefined> {
  const [row] = await db.select().from(retrain).where(eq(retrain.id, id))
  return row && retrainOf(row)
}

const retrainOf = ({ championName, championVersion, challengerName, challengerVersion, ...row }: typeof retrain.$inferSelect): Retrain => ({
  ...row,
  champion: { name: championName, version: championVersion },
  challenger: challengerName === null || challengerVersion === null ? null : { name: challengerName, version: challengerVersion },
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})
