import { and, asc, eq, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { featureRow } from '../schema.ts'

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
