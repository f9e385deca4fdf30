import { and, desc, eq, getTableColumns, isNull, lt, or, sql } from 'drizzle-orm'
import type { FeatureBuild, FeatureSet, ShardCount } from '#contracts/features.ts'
import type { Executor } from '../client.ts'
import { featureBuild, featureBuildProgress } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Filter = { limit: number; after?: string | undefined; dataset?: string | undefined }

/** Newest first. */
export async function listFeatureBuilds(db: Executor, { limit, after, dataset }: Filter) {
  const [startedAt, id] = after === undefined ? [] : decodeCursor(after, ['', ''] as [string, string])
  const rows = await selectBuilds(db)
    .where(
      and(
        dataset === undefined ? undefined : eq(featureBuild.dataset, dataset),
        startedAt === undefined || id === undefined
          ? undefined
          : or(lt(featureBuild.startedAt, startedAt), and(eq(featureBuild.startedAt, startedAt), lt(featureBuild.id, id))),
      ),
    )
    .orderBy(desc(featureBuild.startedAt), desc(featureBuild.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.startedAt, row.id], buildOf)
}

export async function findFeatureBuild(db: Executor, id: string): Promise<FeatureBuild | undefined> {
  const [row] = await selectBuilds(db).where(eq(featureBuild.id, id))
  return row && buildOf(row)
}

/** The newest ready build of a version of a set over a dataset, of what is known today, whatever its label; none that a recipe processed; of a universe, or by default of all symbols. */
export async function findNewestBuild(
  db: Executor,
  { dataset, featureSet, universe }: { dataset: string; featureSet: { name: string; version: number }; universe?: string | undefined },
): Promise<FeatureBuild | undefined> {
  const [row] = await selectBuilds(db)
    .where(
      and(
        eq(featureBuild.dataset, dataset),
        eq(featureBuild.state, 'ready'),
        isNull(featureBuild.asOf),
        sql`${featureBuild.featureSet} ->> 'name' = ${featureSet.name}`,
        sql`${featureBuild.featureSet} ->> 'version' = ${String(featureSet.version)}`,
        sql`${featureBuild.featureSet} -> 'processors' is null`,
        sql`${featureBuild.featureSet} ->> 'universe' is not distinct from ${universe ?? null}::text`,
      ),
    )
    .orderBy(desc(featureBuild.endedAt), desc(featureBuild.id))
    .limit(1)
  return row && buildOf(row)
}

/** Shards of all batches together; null for a build that was not planned yet. */
export const shardsOfBuild = sql<ShardCount | null>`(
  select json_build_object('done', sum(p.done), 'total', sum(p.shards)) from ${featureBuildProgress} p
  where p.build_id = ${featureBuild.id} having count(*) > 0)`

const selectBuilds = (db: Executor) => db.select({ ...getTableColumns(featureBuild), shards: shardsOfBuild }).from(featureBuild)

export const describeSet = ({ name, version, absent = [], processors, universe }: FeatureSet): FeatureBuild['featureSet'] => ({
  name,
  version,
  absent,
  ...(processors && { processors }),
  ...(universe === undefined ? {} : { universe }),
})

const buildOf = (row: typeof featureBuild.$inferSelect & { shards: ShardCount | null }): FeatureBuild => ({
  id: row.id,
  definitionHash: row.definitionHash,
  snapshotId: row.snapshotId,
  asOf: isoOrNull(row.asOf),
  dataset: row.dataset,
  featureSet: describeSet(row.featureSet),
  label: row.label,
  state: row.state,
  step: row.step,
  shards: row.shards,
  rows: row.rows,
  columns: row.columns,
  seconds: row.seconds,
  cacheHitRatio: row.cacheHitRatio,
  manifest: row.manifest,
  featureHash: row.featureHash,
  failure: row.failure,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})
