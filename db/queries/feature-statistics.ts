import { and, eq } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { featureStatistics } from '../schema.ts'

export async function findFeatureStatistics(
  db: Executor,
  { buildId, engineVersion }: { buildId: string; engineVersion: string },
): Promise<ObjectRef | undefined> {
  const [row] = await db
    .select({ report: featureStatistics.report })
    .from(featureStatistics)
    .where(and(eq(featureStatistics.buildId, buildId), eq(featureStatistics.engineVersion, engineVersion)))
  return row?.report
}
