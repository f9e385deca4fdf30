import { and, eq } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { dataset, modelVersion } from '../schema.ts'
import { hasOnlineFeatures } from './online-features.ts'

export type VersionToDeploy = typeof modelVersion.$inferSelect & { datasetExists: boolean; hasFeatureRows: boolean }

/** A registered version with what must be there before it can answer. */
export async function readVersionToDeploy(db: Executor, model: { name: string; version: number }): Promise<VersionToDeploy | undefined> {
  const [row] = await db
    .select({ version: modelVersion, dataset: dataset.name })
    .from(modelVersion)
    .leftJoin(dataset, eq(dataset.name, modelVersion.dataset))
    .where(and(eq(modelVersion.name, model.name), eq(modelVersion.version, model.version)))
  if (row === undefined) return undefined
  return { ...row.version, datasetExists: row.dataset !== null, hasFeatureRows: await hasOnlineFeatures(db, row.version) }
}
