import { eq, sql } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import type { Rollback, Route } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database, Executor } from '../client.ts'
import { audit, deployment, endpoint } from '../schema.ts'
import { hintReplicas } from './hint-replicas.ts'
import { promoteStages } from './promote-stages.ts'

type DeploymentRow = typeof deployment.$inferSelect
type EndpointRow = typeof endpoint.$inferSelect

/**
 * Undoes one deployment, in one transaction with one audit row. After the switch, what answered before answers again,
 * under a revision of its own; before it, the prepared route is withdrawn. Asked again, it answers what there is.
 * @throws QuantloopError not_found | nothing_to_roll_back when nothing answered before it, or it never came to answer |
 * conflict when another deployment answers by now, or is under way on top of it
 */
export async function rollBackDeployment(
  db: Database,
  { deploymentId, command }: { deploymentId: string; command: Command },
): Promise<Rollback> {
  return await db.transaction(async (tx) => {
    const [asked] = await tx.select({ endpoint: deployment.endpoint }).from(deployment).where(eq(deployment.id, deploymentId))
    if (asked === undefined) throw new QuantloopError('not_found', `there is no deployment ${deploymentId}`)
    // the endpoint's row first, as every other writer does
    const [row] = await tx.select().from(endpoint).where(eq(endpoint.name, asked.endpoint)).for('update')
    const [undone] = await tx.select().from(deployment).where(eq(deployment.id, deploymentId)).for('update')
    if (undone === undefined) throw new QuantloopError('not_found', `there is no deployment ${deploymentId}`)
    const answer = (doneNow: boolean, now: Pick<EndpointRow, 'active' | 'activeRevision'> | undefined): Rollback => ({
      deploymentId,
      endpoint: undone.endpoint,
      doneNow,
      answers: answersOf(now?.active ?? null, now?.activeRevision ?? 0),
    })
    if (undone.state === 'rolled_back') return answer(false, row)
    if (undone.state === 'active' && row !== undefined) return answer(true, await switchBack(tx, row, undone, command))
    if (undone.endedAt !== null) throw tooLate(undone, row)
    await withdraw(tx, undone, command)
    return answer(true, row)
  })
}

async function switchBack(tx: Executor, row: EndpointRow, undone: DeploymentRow, command: Command) {
  const { name } = row
  if (row.active?.deploymentId !== undone.id || row.prepared !== null)
    throw new QuantloopError(
      'conflict',
      `the deployment ${row.prepared?.deploymentId ?? row.active?.deploymentId} is under way on endpoint ${name}: roll it back, or stop it, first`,
      { endpoint: name },
    )
  const [back] = undone.predecessorId === null ? [] : await tx.select().from(deployment).where(eq(deployment.id, undone.predecessorId))
  if (!back?.route)
    throw new QuantloopError('nothing_to_roll_back', `nothing answered on endpoint ${name} before the deployment ${undone.id}`, {
      endpoint: name,
    })
  const [before] = back.predecessorId === null ? [] : await tx.select().from(deployment).where(eq(deployment.id, back.predecessorId))
  const revision = row.prepareRevision + 1
  await tx
    .update(endpoint)
    .set({
      active: back.route,
      activeRevision: revision,
      prepareRevision: revision,
      share: 0,
      previous: before?.route ?? null,
      updatedAt: sql`now()`,
    })
    .where(eq(endpoint.name, name))
  await end(tx, undone, command)
  await tx.update(deployment).set({ state: 'active' }).where(eq(deployment.id, back.id))
  await promoteStages(tx, back.route, undone.route)
  await note(tx, undone, command, { to: { deploymentId: back.id, model: back.route.model }, revision, undoneRevision: row.activeRevision })
  return { active: back.route, activeRevision: revision }
}

/** Nothing was switched on yet: the endpoint goes on as it did. */
async function withdraw(tx: Executor, undone: DeploymentRow, command: Command): Promise<void> {
  await tx
    .update(endpoint)
    .set({ prepared: null, share: 0, updatedAt: sql`now()` })
    .where(sql`${endpoint.prepared} ->> 'deploymentId' = ${undone.id}`)
  await end(tx, undone, command)
  await note(tx, undone, command, { withdrawn: true })
}

async function end(tx: Executor, { id }: DeploymentRow, { by, reason }: Command): Promise<void> {
  await tx
    .update(deployment)
    .set({
      state: 'rolled_back',
      step: 'rolled back',
      failure: `rolled back by ${by}${reason === undefined ? '' : `: ${reason}`}`,
      pausedBy: null,
      endedAt: sql`now()`,
    })
    .where(eq(deployment.id, id))
}

async function note(tx: Executor, undone: DeploymentRow, { commandId, by, reason }: Command, detail: Record<string, unknown>) {
  await tx.insert(audit).values({
    by,
    action: 'rollback',
    subject: `endpoint/${undone.endpoint}`,
    commandId,
    detail: {
      deploymentId: undone.id,
      model: { name: undone.modelName, version: undone.modelVersion },
      ...detail,
      ...(reason === undefined ? {} : { reason }),
    },
  })
  await hintReplicas(tx, undone.endpoint)
}

function tooLate({ id, state, endpoint: name }: DeploymentRow, row: EndpointRow | undefined): QuantloopError {
  if (state !== 'superseded')
    return new QuantloopError('nothing_to_roll_back', `the deployment ${id} has ended as ${state}: nothing of it answers`, {
      endpoint: name,
    })
  return new QuantloopError(
    'conflict',
    `the deployment ${id} no longer answers on endpoint ${name}: ${row?.active?.deploymentId ?? 'none'} does, so name that one to undo it`,
    { endpoint: name },
  )
}

const answersOf = (route: Route | null, revision: number): Rollback['answers'] =>
  route === null ? null : { deploymentId: route.deploymentId, model: route.model, revision }
