import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Route } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '../client.ts'
import { endpoint, model, modelVersion } from '../schema.ts'

/**
 * After a switch: the version that answers goes to production; of the families that took part, what answers on no
 * endpoint any more goes back to staging.
 * @throws QuantloopError conflict when the version may no longer be deployed
 */
export async function promoteStages(tx: Executor, next: Route, replaced: Route | null): Promise<void> {
  const families = [...new Set([next.model.name, ...(replaced === null ? [] : [replaced.model.name])])]
  // two endpoints of one model take turns, so that the second sees what the first one switched
  await tx.select().from(model).where(inArray(model.name, families)).orderBy(model.name).for('update')
  const promoted = await tx
    .update(modelVersion)
    .set({ stage: 'production' })
    .where(
      and(
        eq(modelVersion.name, next.model.name),
        eq(modelVersion.version, next.model.version),
        inArray(modelVersion.stage, ['staging', 'production']),
      ),
    )
    .returning({ version: modelVersion.version })
  if (promoted.length === 0)
    throw new QuantloopError('conflict', `${next.model.name}@${next.model.version} is no longer at stage staging or production`)
  const answersSomewhere = sql`exists (select 1 from ${endpoint} where ${endpoint.active} -> 'model' = jsonb_build_object('name', ${modelVersion.name}, 'version', ${modelVersion.version}))`
  await tx
    .update(modelVersion)
    .set({ stage: 'staging' })
    .where(and(inArray(modelVersion.name, families), eq(modelVersion.stage, 'production'), sql`not ${answersSomewhere}`))
}
