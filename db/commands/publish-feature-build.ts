import { and, eq, isNull, sql } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database, Executor } from '../client.ts'
import { countCollections } from '../queries/collections.ts'
import { dataset, featureBuild, featureRow } from '../schema.ts'
import { withoutCollection } from './collection-lock.ts'
import { hintReplicas } from './hint-replicas.ts'

/** `values`: float32, little-endian, in the feature set's order, of every row as many. */
export type NewestRow = { symbol: string; session: string; values: Uint8Array }

export type PublishedBuild = {
  buildId: string
  snapshotId: string
  /** of a build of what was known then: it is no newest of anything, and leaves the online store as it is */
  asOf?: string | undefined
  dataset: string
  featureHash: string
  manifest: ObjectRef
  rows: number
  columns: number
  cacheHitRatio: number
  newest: readonly NewestRow[]
  /** that every object of it is in the store: asked when none can be collected any more, with `countCollections` */
  assertStored: (collections: number | null) => Promise<void>
}

/**
 * One transaction: the build is ready, and the online store of the dataset has its newest rows. Doing it again changes
 * nothing; for another dataset of equal content it adds that one's rows, and after a roll-back it puts the head's back.
 */
export async function publishFeatureBuild(db: Database, build: PublishedBuild): Promise<void> {
  const { buildId, featureHash, manifest, rows, columns, cacheHitRatio } = build
  await db.transaction(async (tx) => {
    await withoutCollection(tx)
    await build.assertStored(await countCollections(tx))
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
    if (build.asOf === undefined) await refreshFeatureRows(tx, build)
  })
}

/**
 * The rows of the head's build stand against all others. Those of another build fill in until it is there: they neither
 * go back to an earlier session, nor on to one that a roll-back has withdrawn.
 */
async function refreshFeatureRows(
  tx: Executor,
  { dataset: name, featureHash, buildId, snapshotId, newest }: PublishedBuild,
): Promise<void> {
  // a roll-back that comes meanwhile waits, and then asks for the build of its own head
  const [target] = await tx
    .select({ head: dataset.headSnapshotId, lastSession: dataset.lastSession })
    .from(dataset)
    .where(eq(dataset.name, name))
    .for('share')
  const isHead = target?.head === snapshotId
  const last = target?.lastSession ?? null
  const rows = isHead || last === null ? newest : newest.filter(({ session }) => session <= last)
  const column = <T>(of: (row: NewestRow) => T) => sql.param(rows.map(of))
  const bytesEach = rows[0]?.values.length ?? 0
  const symbols = column(({ symbol }) => symbol)
  if (isHead)
    await tx.execute(sql`
      delete from ${featureRow} where dataset = ${name} and feature_hash = ${featureHash} and symbol <> all (${symbols}::text[])`)
  const yields = isHead
    ? sql`true`
    : sql`(${featureRow}.session <= excluded.session or ${featureRow}.session > ${last}::date)
        and not exists (select from ${featureBuild} b where b.id = ${featureRow}.build_id and b.snapshot_id = ${target?.head ?? null})`
  await tx.execute(sql`
    insert into ${featureRow} (dataset, feature_hash, build_id, symbol, session, "values", sha256)
    select ${name}, ${featureHash}, ${buildId}, symbol, session, own, encode(sha256(own), 'hex')
    from unnest(${symbols}::text[], ${column(({ session }) => session)}::date[]) with ordinality as row (symbol, session, number),
      -- one value is sent faster than an array of them
      substring(${Buffer.concat(rows.map(({ values }) => values))}::bytea from ((number - 1) * ${bytesEach} + 1)::int for ${bytesEach}) as own
    on conflict (dataset, feature_hash, symbol) do update
      set session = excluded.session, build_id = excluded.build_id, "values" = excluded."values", sha256 = excluded.sha256, updated_at = now()
      where ${yields}`)
  await hintReplicas(tx, name)
}
