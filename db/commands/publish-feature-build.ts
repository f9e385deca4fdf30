import { and, eq, isNull, sql } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database, Executor } from '../client.ts'
import { featureBuild, featureRow } from '../schema.ts'

/** `values`: float32, little-endian, in the feature set's order; `sha256` is of them. */
export type NewestRow = { symbol: string; session: string; values: Uint8Array; sha256: string }

export type PublishedBuild = {
  buildId: string
  /** of a build of what was known then: it is no newest of anything, and leaves the online store as it is */
  asOf?: string | undefined
  dataset: string
  featureHash: string
  manifest: ObjectRef
  rows: number
  columns: number
  cacheHitRatio: number
  newest: readonly NewestRow[]
}

/**
 * One transaction: the build is ready, and the online store of the dataset has its newest rows. Doing it again changes
 * nothing; for another dataset of equal content it adds that one's rows.
 */
export async function publishFeatureBuild(db: Database, build: PublishedBuild): Promise<void> {
  const { buildId, featureHash, manifest, rows, columns, cacheHitRatio } = build
  await db.transaction(async (tx) => {
    const closed = await tx
      .update(featureBuild)
      .set({
        state: 'ready',
        manifest,
        featureHash,
        rows,
        columns,
        cacheHitRatio,
        // the time at work: pauses do not count
        seconds: sql`greatest(0, extract(epoch from now() - ${featureBuild.startedAt}) - ${featureBuild.pausedMs} / 1000)`,
        pausedBy: null,
        endedAt: sql`now()`,
      })
      .where(and(eq(featureBuild.id, buildId), isNull(featureBuild.endedAt)))
      .returning({ id: featureBuild.id })
    if (build.asOf !== undefined) return
    const [row] = await tx.select({ dataset: featureBuild.dataset }).from(featureBuild).where(eq(featureBuild.id, buildId))
    if (closed.length > 0 || row?.dataset !== build.dataset) await refreshFeatureRows(tx, build)
  })
}

/** One statement for all symbols. A row never goes back to an earlier session, whatever order builds end in. */
export async function refreshFeatureRows(
  db: Executor,
  { dataset, featureHash, buildId, newest }: Pick<PublishedBuild, 'dataset' | 'featureHash' | 'buildId' | 'newest'>,
): Promise<void> {
  const column = <T>(of: (row: NewestRow) => T) => sql.param(newest.map(of))
  await db.execute(sql`
    insert into ${featureRow} (dataset, feature_hash, build_id, symbol, session, "values", sha256)
    select ${dataset}, ${featureHash}, ${buildId}, * from unnest(
      ${column(({ symbol }) => symbol)}::text[],
      ${column(({ session }) => session)}::date[],
      ${column(({ values }) => Buffer.from(values))}::bytea[],
      ${column(({ sha256 }) => sha256)}::text[]
    )
    on conflict (dataset, feature_hash, symbol) do update
      set session = excluded.session, build_id = excluded.build_id, "values" = excluded."values", sha256 = excluded.sha256, updated_at = now()
      where ${featureRow}.session <= excluded.session`)
}
