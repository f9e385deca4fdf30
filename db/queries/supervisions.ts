import { eq } from 'drizzle-orm'
import type { Supervision } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { supervision } from '../schema.ts'
import { iso, isoOrNull } from './timestamps.ts'

export async function findSupervision(db: Executor, endpoint: string): Promise<Supervision | undefined> {
  const [row] = await db.select().from(supervision).where(eq(supervision.endpoint, endpoint))
  return row && supervisionOf(row)
}

const supervisionOf = (row: typeof supervision.$inferSelect): Supervision => ({
  endpoint: row.endpoint,
  dataset: row.dataset,
  label: row.label,
  policy: row.policy,
  state: row.state,
  step: row.step,
  champion: row.championName === null || row.championVersion === null ? null : { name: row.championName, version: row.championVersion },
  processedThrough: row.processedThrough,
  pausedBy: row.pausedBy,
  failure: row.failure,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})
