import { and, asc, eq, ne, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { dataset as datasets, featureBuild, featureRow } from '../schema.ts'

export type OnlineFeatureSet = { dataset: string; featureHash: string }
export type OnlineFeatureRow = typeof featureRow.$inferSelect

const ofSet = ({ dataset, featureHash }: OnlineFeatureSet) => and(eq(featureRow.dataset, dataset), eq(featureRow.featureHash, featureHash))

/**
 * Changes whenever a row of the set does. Timestamps would not do: a transaction that commits late carries an early one.
 */
export async function digestOnlineFeatures(db: Executor, set: OnlineFeatureSet): Promise<string> {
  const row = sql`concat_ws('|', ${featureRow.symbol}, ${featureRow.session}, ${featureRow.buildId}, ${featureRow.sha256})`
  const [found] = await db
    .select({ digest: sql<string>`md5(coalesce(string_agg(${row}, ',' order by ${featureRow.symbol}), ''))` })
    .from(featureRow)
    .where(ofSet(set))
  return found?.digest ?? ''
}

/** The newest row of each symbol. */
export async function readOnlineFeatures(db: Executor, set: OnlineFeatureSet): Promise<OnlineFeatureRow[]> {
  return await db.select().from(featureRow).where(ofSet(set)).orderBy(asc(featureRow.symbol))
}

export async function hasOnlineFeatures(db: Executor, set: OnlineFeatureSet): Promise<boolean> {
  return (await db.select({ symbol: featureRow.symbol }).from(featureRow).where(ofSet(set)).limit(1)).length > 0
}

/**
 * Whether a ready build has nothing left to do for a dataset's online rows: the dataset has some (a build made for another
 * dataset of equal content has not written them), and if the build is of the head, none is of another snapshot, as after
 * a roll-back.
 */
export async function servesOnline(db: Executor, set: OnlineFeatureSet, snapshotId: string): Promise<boolean> {
  if (!(await hasOnlineFeatures(db, set))) return false
  const others = await db
    .select({ symbol: featureRow.symbol })
    .from(featureRow)
    .innerJoin(featureBuild, eq(featureBuild.id, featureRow.buildId))
    .innerJoin(datasets, eq(datasets.name, featureRow.dataset))
    .where(and(ofSet(set), eq(datasets.headSnapshotId, snapshotId), ne(featureBuild.snapshotId, snapshotId)))
    .limit(1)
  return others.length === 0
}

/** One build of each feature set that a dataset has online rows of: what to build again when its head moves back. */
export async function listOnlineBuilds(db: Executor, dataset: string): Promise<(typeof featureBuild.$inferSelect)[]> {
  const rows = await db
    .selectDistinctOn([featureRow.featureHash], { build: featureBuild })
    .from(featureRow)
    .innerJoin(featureBuild, eq(featureBuild.id, featureRow.buildId))
    .where(eq(featureRow.dataset, dataset))
    .orderBy(featureRow.featureHash)
  return rows.map(({ build }) => build)
}
