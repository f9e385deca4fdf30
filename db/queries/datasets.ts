import { asc, eq, gt } from 'drizzle-orm'
import type { Dataset } from '#contracts/datasets.ts'
import type { Executor } from '../client.ts'
import { dataset } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

/** By name. */
export async function listDatasets(db: Executor, { limit, after }: { limit: number; after?: string | undefined }) {
  const from = after === undefined ? undefined : decodeCursor(after, [''] as [string])
  const rows = await db
    .select()
    .from(dataset)
    .where(from === undefined ? undefined : gt(dataset.name, from[0]))
    .orderBy(asc(dataset.name))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.name], datasetOf)
}

export async function findDataset(db: Executor, name: string): Promise<Dataset | undefined> {
  const [row] = await db.select().from(dataset).where(eq(dataset.name, name))
  return row && datasetOf(row)
}

const datasetOf = (row: typeof dataset.$inferSelect): Dataset => ({ ...row, createdAt: iso(row.createdAt) })
