import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import type { DeployModelInput } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { deployment } from '../schema.ts'
import { isUniqueViolation } from '../violations.ts'

/**
 * The deployment's first row, insert-if-absent. While another deployment of the endpoint is under way (a partial unique
 * index), the row is written as refused.
 * @throws QuantloopError conflict
 */
export async function openDeployment(db: Database, input: DeployModelInput): Promise<void> {
  const row = {
    id: input.deploymentId,
    endpoint: input.endpoint,
    modelName: input.model.name,
    modelVersion: input.model.version,
    plan: input.plan,
    requestedBy: input.origin.by,
    idempotencyKey: input.origin.idempotencyKey ?? null,
    bodySha256: input.origin.bodySha256,
  }
  try {
    await db
      .insert(deployment)
      .values({ ...row, state: 'running' })
      .onConflictDoNothing({ target: deployment.id })
  } catch (error) {
    if (!isUniqueViolation(error, 'deployment_one_in_flight')) throw error
    const other = await inFlight(db, input.endpoint)
    const failure = `another deployment (${other ?? 'just ended'}) of endpoint ${input.endpoint} is under way: wait for its end, stop it, or promote it if it bakes`
    await db
      .insert(deployment)
      .values({ ...row, state: 'refused', failure, endedAt: new Date().toISOString() })
      .onConflictDoNothing({ target: deployment.id })
  }
  const [opened] = await db.select().from(deployment).where(eq(deployment.id, input.deploymentId))
  if (opened?.state === 'refused')
    throw new QuantloopError('conflict', opened.failure ?? 'the deployment was refused', { endpoint: input.endpoint })
}

async function inFlight(db: Database, endpoint: string): Promise<string | undefined> {
  const [other] = await db
    .select({ id: deployment.id })
    .from(deployment)
    .where(
      and(
        eq(deployment.endpoint, endpoint),
        or(
          inArray(deployment.state, ['running', 'pausing', 'paused', 'awaiting_approval', 'stopping']),
          and(eq(deployment.state, 'active'), isNull(deployment.endedAt)),
        ),
      ),
    )
  return other?.id
}
