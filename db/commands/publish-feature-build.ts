import { and, eq, isNull, sql } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database, Executor } from '../client.ts'
import { dataset as datasets, featureBuild, featureRow } from '../schema.ts'
import { hintReplicas } from './hint-replicas.ts'

/** `values`: float32, little-endian, in the feature set's order; `sha256` is of them. */
export type NewestRow = { symbol: string; session: string; values: Uint8Array; sha256: string }

export type PublishedBuild = {
  buildId: string
  dataset: string
  snapshotId: string
  featureHash: string
  manifest: ObjectRef
  rows: number
  columns: number
  cacheHitRatio: number
  newest: readonly NewestRow[]
}

/**
 * One transaction: the build is ready, and the online store of the dataset has its rows. Doing it again changes nothing;
 * for another dataset of equal content it adds that one's rows.
 */
export async function publishFeatureBuild(db: Database, build: PublishedBuild): Promise<void> {
  const { buildId, featureHash, manifest, rows, columns, cacheHitRatio } = build
  await db.transaction(async (tx) => {
    await tx
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
    await putOnline(tx, build)
  })
}

/**
 * The rows of the dataset's head replace what is online, though they be of an earlier session, for a head can go back.
 * Those of another snapshot fill gaps, and never replace a row of the same or a later session.
 */
async function putOnline(tx: Executor, { dataset, snapshotId, featureHash, buildId, newest }: PublishedBuild): Promise<void> {
  // whoever lands a snapshot waits: the head's rows come after those of the head before
  const [{ headSnapshotId } = {}] = await tx
    .select({ headSnapshotId: datasets.headSnapshotId })
    .from(datasets)
    .where(eq(datasets.name, dataset))
    .for('share')
  const isHead = headSnapshotId === snapshotId
  const column = <T>(of: (row: NewestRow) => T) => sql.param(newest.map(of))
  if (isHead)
    await tx
      .delete(featureRow)
      .where(
        and(
          eq(featureRow.dataset, dataset),
          eq(featureRow.featureHash, featureHash),
          sql`not ${featureRow.symbol} = any(${column(({ symbol }) => symbol)}::text[])`,
        ),
      )
  await tx.execute(sql`
    insert into ${featureRow} (dataset, feature_hash, build_id, symbol, session, "values", sha256)
    select ${dataset}, ${featureHash}, ${buildId}, * from unnest(
      ${column(({ symbol }) => symbol)}::text[],
      ${column(({ session }) => session)}::date[],
      ${column(({ values }) => Buffer.from(values))}::bytea[],
      ${column(({ sha256 }) => sha256)}::text[]
    )
    on conflict (dataset, feature_hash, symbol) do update
      set session = excluded.session, build_id = excluded.build_id, "values" = excluded."values", sha256 = excluded.sha256, updated_at = now()
      where ${isHead} or ${featureRow}.session < excluded.session`)
  await hintReplicas(tx, dataset)
}
