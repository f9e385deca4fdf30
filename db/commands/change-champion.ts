import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '../client.ts'
import { modelVersion, monitor, supervision, trainingRun } from '../schema.ts'
import { recordEndpointEvent } from './record-endpoint-event.ts'

/** `after`: it is champion for the sessions after this one. `deploymentId` is what brought it there. */
export type Champion = {
  endpoint: string
  model: { name: string; version: number }
  after: string
  deploymentId: string
  reason: 'supervised' | 'promoted' | 'deployed' | 'fallback'
}

/**
 * Another version is champion: the monitors of its predecessor end, and what challengers are fitted by follows, unless
 * it is the naive forecast. Within the transaction of what made it so.
 * @throws QuantloopError not_found when no training run tells the version's recipe
 */
export async function changeChampion(tx: Executor, { endpoint, model, after, deploymentId, reason }: Champion): Promise<void> {
  const [fitted] = await tx
    .select({ runId: trainingRun.id, recipe: trainingRun.recipe })
    .from(modelVersion)
    .innerJoin(trainingRun, eq(trainingRun.id, modelVersion.runId))
    .where(and(eq(modelVersion.name, model.name), eq(modelVersion.version, model.version)))
  if (fitted === undefined)
    throw new QuantloopError(
      'not_found',
      `no training run tells the recipe of ${model.name}@${model.version}: it cannot be supervised`,
      model,
    )
  await tx
    .update(supervision)
    .set({
      championName: model.name,
      championVersion: model.version,
      championAfter: after,
      // the first champion may be naive itself: then there is no other recipe
      recipeRunId: fitted.recipe.model === 'persistence' ? sql`coalesce(${supervision.recipeRunId}, ${fitted.runId})` : fitted.runId,
    })
    .where(eq(supervision.endpoint, endpoint))
  const isIts = and(eq(monitor.modelName, model.name), eq(monitor.modelVersion, model.version), eq(monitor.after, after))
  await tx
    .update(monitor)
    .set({ endedAt: sql`now()` })
    .where(
      and(
        eq(monitor.endpoint, endpoint),
        isNull(monitor.endedAt),
        or(ne(monitor.modelName, model.name), ne(monitor.modelVersion, model.version), ne(monitor.after, after)),
      ),
    )
  // it went and came back with no session between
  await tx
    .update(monitor)
    .set({ endedAt: null })
    .where(and(eq(monitor.endpoint, endpoint), isIts))
  await recordEndpointEvent(tx, {
    endpoint,
    key: `champion/${deploymentId}/${after}`,
    kind: 'champion',
    session: after,
    detail: { model, deploymentId, reason },
  })
}
