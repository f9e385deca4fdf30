import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import type { Model, ModelVersion, Stage } from '#contracts/models.ts'
import type { Executor } from '../client.ts'
import { model, modelVersion } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

type Page = { limit: number; after?: string | undefined }

/** By name. */
export async function listModels(db: Executor, { limit, after }: Page) {
  const [name] = after === undefined ? [] : decodeCursor(after, [''] as [string])
  const rows = await selectModels(db)
    .where(name === undefined ? undefined : gt(model.name, name))
    .groupBy(model.name)
    .orderBy(asc(model.name))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.name], modelOf)
}

export async function findModel(db: Executor, name: string): Promise<Model | undefined> {
  const [row] = await selectModels(db).where(eq(model.name, name)).groupBy(model.name)
  return row && modelOf(row)
}

/** Newest first. */
export async function listModelVersions(db: Executor, { name, limit, after, stage }: Page & { name: string; stage?: Stage | undefined }) {
  const [version] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const rows = await db
    .select()
    .from(modelVersion)
    .where(
      and(
        eq(modelVersion.name, name),
        stage === undefined ? undefined : eq(modelVersion.stage, stage),
        version === undefined ? undefined : lt(modelVersion.version, version),
      ),
    )
    .orderBy(desc(modelVersion.version))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.version], versionOf)
}

export async function findModelVersion(db: Executor, name: string, version: number): Promise<ModelVersion | undefined> {
  const [row] = await db
    .select()
    .from(modelVersion)
    .where(and(eq(modelVersion.name, name), eq(modelVersion.version, version)))
  return row && versionOf(row)
}

/** A model's row is written with its first version, in one transaction: there is no model without one. */
const selectModels = (db: Executor) =>
  db
    .select({
      name: model.name,
      createdAt: model.createdAt,
      latestVersion: sql<number>`max(${modelVersion.version})`,
      production: sql<number | null>`max(${modelVersion.version}) filter (where ${modelVersion.stage} = 'production')`,
    })
    .from(model)
    .innerJoin(modelVersion, eq(modelVersion.name, model.name))

const modelOf = (row: { name: string; createdAt: string; latestVersion: number; production: number | null }): Model => ({
  name: row.name,
  latestVersion: row.latestVersion,
  production: row.production,
  createdAt: iso(row.createdAt),
})

const versionOf = ({ createdAt, ...row }: typeof modelVersion.$inferSelect): ModelVersion => ({ ...row, createdAt: iso(createdAt) })
