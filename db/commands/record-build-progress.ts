import { eq, sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { featureBuildProgress } from '../schema.ts'

/** Begins to count: what an earlier attempt at the build had told is forgotten. `shards` are those of each batch. */
export async function planBuildProgress(db: Database, buildId: string, shards: readonly number[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(featureBuildProgress).where(eq(featureBuildProgress.buildId, buildId))
    if (shards.length > 0)
      await tx.insert(featureBuildProgress).values(shards.map((count, batch) => ({ buildId, batch, shards: count, done: 0 })))
  })
}

/** How far a batch is. It never goes back: work that is done again after a pause finds its shards there. */
export async function recordBuildProgress(
  db: Database,
  { buildId, batch, shards, done }: { buildId: string; batch: number; shards: number; done: number },
): Promise<void> {
  await db
    .update(featureBuildProgress)
    .set({ shards, done: sql`least(${shards}::integer, greatest(${featureBuildProgress.done}, ${done}::integer))` })
    .where(sql`${featureBuildProgress.buildId} = ${buildId} and ${featureBuildProgress.batch} = ${batch}`)
}
