import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { featureBuild } from '../schema.ts'

export type BuildEnd = { buildId: string; state: 'failed' | 'stopped'; reason: string }

/** Ends a build that did not become ready. One that has ended stays as it is. */
export async function closeFeatureBuild(db: Database, { buildId, state, reason }: BuildEnd): Promise<void> {
  await db
    .update(featureBuild)
    .set({ state, failure: reason, pausedBy: null, endedAt: sql`now()` })
    .where(and(eq(featureBuild.id, buildId), isNull(featureBuild.endedAt)))
}
