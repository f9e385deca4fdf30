import { and, eq, isNull } from 'drizzle-orm'
import type { Recipe } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import { modelVersion, supervision, trainingRun } from '../schema.ts'

/** `recipe` is the champion's; null before there is one. */
export type Follower = { endpoint: string; recipe: Recipe | null }

/** Endpoints whose supervision follows a dataset and has not ended. */
export async function listFollowers(db: Executor, dataset: string): Promise<Follower[]> {
  return await db
    .select({ endpoint: supervision.endpoint, recipe: trainingRun.recipe })
    .from(supervision)
    .leftJoin(modelVersion, and(eq(modelVersion.name, supervision.championName), eq(modelVersion.version, supervision.championVersion)))
    .leftJoin(trainingRun, eq(trainingRun.id, modelVersion.runId))
    .where(and(eq(supervision.dataset, dataset), isNull(supervision.endedAt)))
    .orderBy(supervision.endpoint)
}
