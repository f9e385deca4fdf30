import { and, desc, eq, sql } from 'drizzle-orm'
import type { Lineage } from '#contracts/snapshots.ts'
import type { Executor } from '../client.ts'
import { featureBuild, inspection, modelVersion, prediction, syncRun, snapshot, trainingRun } from '../schema.ts'
import { listFetchedPages } from './fetched-pages.ts'
import { findSnapshot } from './snapshots.ts'
import { iso } from './timestamps.ts'

/** More of a kind than a person reads; the lists of each kind have them all. */
const most = 500

/** Both ways from a snapshot: the sync that brought it, and what was made of it. Equal content is one, whichever dataset it landed in. */
export async function readLineage(db: Executor, dataset: string, id: string): Promise<Lineage | undefined> {
  const found = await findSnapshot(db, id, dataset)
  if (found === undefined) return undefined
  const [sync] = await db
    .select({
      id: syncRun.id,
      connector: sql<string>`${syncRun.connector} ->> 'kind'`,
      requestedBy: syncRun.requestedBy,
      startedAt: syncRun.startedAt,
      quarantined: syncRun.quarantined,
    })
    .from(snapshot)
    .innerJoin(syncRun, eq(syncRun.id, snapshot.syncId))
    .where(and(eq(snapshot.dataset, dataset), eq(snapshot.id, id)))
  const pages = sync === undefined ? [] : await listFetchedPages(db, sync.id)
  const builds = await db
    .select({
      id: featureBuild.id,
      featureSet: sql<string>`${featureBuild.featureSet} ->> 'name'`,
      universe: sql<string | null>`${featureBuild.featureSet} ->> 'universe'`,
      state: featureBuild.state,
      startedAt: featureBuild.startedAt,
    })
    .from(featureBuild)
    .where(eq(featureBuild.snapshotId, id))
    .orderBy(desc(featureBuild.startedAt))
    .limit(most)
  const trainingRuns = await db
    .select({ id: trainingRun.id, modelName: trainingRun.modelName, modelVersion: trainingRun.modelVersion, state: trainingRun.state })
    .from(trainingRun)
    .where(eq(trainingRun.snapshotId, id))
    .orderBy(desc(trainingRun.startedAt))
    .limit(most)
  const modelVersions = await db
    .select({
      name: modelVersion.name,
      version: modelVersion.version,
      stage: modelVersion.stage,
      predictions: sql<number>`(select count(*)::int from ${prediction} said
        where said.model_name = model_version.name and said.model_version = model_version.version)`,
    })
    .from(modelVersion)
    .where(eq(modelVersion.snapshotId, id))
    .orderBy(modelVersion.name, modelVersion.version)
    .limit(most)
  const predictions = await db
    .select({ endpoint: prediction.endpoint, count: sql<number>`count(*)::int` })
    .from(prediction)
    .innerJoin(featureBuild, sql`${featureBuild.id} = ${prediction.input} ->> 'buildId'`)
    .where(eq(featureBuild.snapshotId, id))
    .groupBy(prediction.endpoint)
    .orderBy(prediction.endpoint)
  const inspections = await db
    .select({
      id: inspection.id,
      kind: inspection.kind,
      state: inspection.state,
      requestedBy: inspection.requestedBy,
      endedAt: inspection.endedAt,
      sha256: sql<string | null>`${inspection.result} #>> '{object,sha256}'`,
    })
    .from(inspection)
    .where(sql`${inspection.snapshotIds} @> ${JSON.stringify([id])}::jsonb`)
    .orderBy(desc(inspection.endedAt))
    .limit(most)
  const { parentId, tags, note, collectedAt } = found
  return {
    dataset,
    snapshotId: id,
    parentId,
    tags,
    note,
    collectedAt,
    sync: sync === undefined ? null : { ...sync, startedAt: iso(sync.startedAt) },
    pages: pages.map(({ page, address, object }) => ({ page, address, sha256: object.sha256 })),
    builds: builds.map((build) => ({ ...build, startedAt: iso(build.startedAt) })),
    trainingRuns,
    modelVersions,
    predictions,
    inspections: inspections.map((each) => ({ ...each, endedAt: iso(each.endedAt) })),
  }
}
