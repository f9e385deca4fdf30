import { and, desc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Recipe } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import {
  alert,
  dataset,
  deployment,
  endpoint,
  headMove,
  modelVersion,
  monitor,
  retrain,
  snapshot,
  supervision,
  trainingRun,
} from '../schema.ts'

/** What the supervisor of an endpoint goes by, as its rows say. */
export async function readSupervisedEndpoint(db: Executor, name: string) {
  const [row] = await db
    .select({
      supervision,
      active: endpoint.active,
      /** of the recipe that challengers are fitted by */
      recipe: trainingRun.recipe,
      modelName: trainingRun.modelName,
      headSnapshotId: snapshot.id,
      lastSession: snapshot.lastSession,
      /** milliseconds since something has landed, by PostgreSQL's clock: a roll-back brings no new data */
      ageMs: sql<number>`extract(epoch from now() - coalesce(
        (select max(at) from ${headMove} where dataset = ${dataset.name} and kind = 'land'), ${snapshot.createdAt}))::float8 * 1000`,
    })
    .from(supervision)
    .innerJoin(endpoint, eq(endpoint.name, supervision.endpoint))
    .innerJoin(trainingRun, eq(trainingRun.id, supervision.recipeRunId))
    .innerJoin(dataset, eq(dataset.name, supervision.dataset))
    .innerJoin(snapshot, and(eq(snapshot.dataset, dataset.name), eq(snapshot.id, dataset.headSnapshotId)))
    .where(eq(supervision.endpoint, name))
  return row
}

/** The recipe of a registered version, as its training run was given it. */
export async function findRecipeOf(db: Executor, model: { name: string; version: number }): Promise<Recipe | undefined> {
  const [row] = await db
    .select({ recipe: trainingRun.recipe })
    .from(modelVersion)
    .innerJoin(trainingRun, eq(trainingRun.id, modelVersion.runId))
    .where(and(eq(modelVersion.name, model.name), eq(modelVersion.version, model.version)))
  return row?.recipe
}

/** Whether a decay monitor looks at what the champion does after this session. */
export async function hasDecayMonitor(
  db: Executor,
  { endpoint: name, model, after }: { endpoint: string; model: { name: string; version: number }; after: string },
): Promise<boolean> {
  const rows = await db
    .select({ id: monitor.id })
    .from(monitor)
    .where(
      and(
        eq(monitor.endpoint, name),
        eq(monitor.kind, 'decay'),
        eq(monitor.modelName, model.name),
        eq(monitor.modelVersion, model.version),
        eq(monitor.after, after),
      ),
    )
  return rows.length > 0
}

/** The retrain of an endpoint that has not ended. */
export async function findOpenRetrain(db: Executor, name: string): Promise<typeof retrain.$inferSelect | undefined> {
  const [row] = await db
    .select()
    .from(retrain)
    .where(and(eq(retrain.endpoint, name), isNull(retrain.endedAt)))
  return row
}

/** Alarms of the champion's own monitors that have started no retrain, by session, decay first; and the last that has. */
export async function readAlarms(db: Executor, name: string, kinds: readonly ('decay' | 'data-drift')[]) {
  const waiting =
    kinds.length === 0
      ? []
      : await db
          .select({ id: alert.id, session: alert.session, kind: monitor.kind })
          .from(alert)
          .innerJoin(monitor, eq(monitor.id, alert.monitorId))
          .leftJoin(retrain, eq(retrain.alertId, alert.id))
          .where(and(eq(alert.endpoint, name), inArray(alert.kind, [...kinds]), isNull(monitor.endedAt), isNull(retrain.id)))
          .orderBy(alert.session, desc(monitor.kind))
  const [last] = await db
    .select({ session: retrain.session })
    .from(retrain)
    .where(and(eq(retrain.endpoint, name), sql`${retrain.alertId} is not null`))
    .orderBy(desc(retrain.session))
    .limit(1)
  return { waiting, lastStarted: last?.session ?? null }
}

export type Fallback = { retrainId: string; session: string; runId: string; deploymentId: string }

/** The newest fallback to persistence that a verdict has led to, unless its failure was told. `session` is the verdict's. */
export async function findFallback(db: Executor, name: string): Promise<Fallback | undefined> {
  const [row] = await db
    .select({ id: retrain.id, session: retrain.session, looks: retrain.looks, fallback: retrain.fallback })
    .from(retrain)
    .where(and(eq(retrain.endpoint, name), isNotNull(retrain.fallback)))
    .orderBy(desc(retrain.startedAt))
    .limit(1)
  if (row?.fallback == null) return undefined
  const [told] = await db
    .select({ id: alert.id })
    .from(alert)
    .where(and(eq(alert.endpoint, name), sql`${alert.evidence} ->> 'fallbackOf' = ${row.id}`))
  return told === undefined ? { retrainId: row.id, session: row.looks.at(-1)?.through ?? row.session, ...row.fallback } : undefined
}

/** A deployment that still moves the endpoint, the bake of an active one included. */
export async function findDeploymentUnderWay(db: Executor, name: string): Promise<string | undefined> {
  const [row] = await db
    .select({ id: deployment.id })
    .from(deployment)
    .where(and(eq(deployment.endpoint, name), isNull(deployment.endedAt)))
  return row?.id
}

export async function hasAlert(db: Executor, name: string, kind: 'stale-data', session: string): Promise<boolean> {
  const rows = await db
    .select({ id: alert.id })
    .from(alert)
    .where(and(eq(alert.endpoint, name), eq(alert.kind, kind), eq(alert.session, session)))
  return rows.length > 0
}

export async function findRetrainRow(db: Executor, id: string): Promise<typeof retrain.$inferSelect | undefined> {
  return (await db.select().from(retrain).where(eq(retrain.id, id)))[0]
}

export async function findVersionOfRun(db: Executor, runId: string): Promise<{ name: string; version: number } | undefined> {
  const [row] = await db
    .select({ name: modelVersion.name, version: modelVersion.version })
    .from(modelVersion)
    .where(eq(modelVersion.runId, runId))
  return row
}
