import { and, asc, eq, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { dataset as datasets, featureRow } from '../schema.ts'

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

export type OnlineBuild = OnlineFeatureSet & { snapshotId: string; buildId: string }

/**
 * Whether a build has nothing to put online: the dataset's head has its own rows there, and any other snapshot needs some
 * rows only. A build is shared by datasets of equal content, and each has rows of its own.
 */
export async function isOnline(db: Executor, { snapshotId, buildId, ...set }: OnlineBuild): Promise<boolean> {
  if (!(await isHead(db, { dataset: set.dataset, snapshotId }))) return await hasOnlineFeatures(db, set)
  const rows = await db
    .select({ symbol: featureRow.symbol })
    .from(featureRow)
    .where(and(ofSet(set), eq(featureRow.buildId, buildId)))
    .limit(1)
  return rows.length > 0
}

async function isHead(db: Executor, { dataset, snapshotId }: { dataset: string; snapshotId: string }): Promise<boolean> {
  const found = await db
    .select({ name: datasets.name })
    .from(datasets)
    .where(and(eq(datasets.name, dataset), eq(datasets.headSnapshotId, snapshotId)))
  return found.length > 0
}
