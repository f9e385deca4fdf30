import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { featureStatistics } from '../schema.ts'

export type FeatureStatisticsRow = { buildId: string; engineVersion: string; report: ObjectRef }

/** Points at a build's statistics. The same build gives the same, so that the first row stands. */
export async function keepFeatureStatistics(db: Executor, row: FeatureStatisticsRow): Promise<void> {
  await db.insert(featureStatistics).values(row).onConflictDoNothing()
}
