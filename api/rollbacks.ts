/** Undoing a deployment: by its own workflow while that lives, else by one that does nothing else. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CommandBody } from '#contracts/commands.ts'
import type { Deployment, Rollback, RollBackInput } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { deploymentWorkflowId, rollbackWorkflowId } from '#contracts/ids.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { findRollback } from '#db/queries/rollbacks.ts'
import type { AppDependencies } from './dependencies.ts'
import type { AcceptedRequest } from './idempotency.ts'
import { startUnlessRunning } from './runs.ts'
import { heardMs, obey } from './verbs.ts'

/** A rollback takes a few of these. */
const lookAgainMs = 20
/** A workflow that takes no more commands is about to end; one that was terminated never does. */
const endsWithinMs = 3_000

type World = Pick<AppDependencies, 'db' | 'temporal'>

/**
 * Answers when it is done. The deployment is named, so that a second asking cannot undo what came before it.
 * @throws QuantloopError nothing_to_roll_back | conflict | run_stopped | unavailable
 */
export async function undo(world: World, deployment: Deployment, body: CommandBody, request: AcceptedRequest): Promise<Rollback> {
  const { id, endpoint, endedAt } = deployment
  const done = () => findRollback(world.db, id, request.id)
  const before = await done()
  if (before) return before
  if (endedAt === null) {
    const taken = await takenByItself(world, deployment, body, request)
    await untilEnded(world, id, taken ? heardMs : endsWithinMs)
    const now = await done()
    if (now) return now
  }
  const command = { commandId: request.id, by: request.origin.by, ...(body.reason === undefined ? {} : { reason: body.reason }) }
  await rollBack(world, { deploymentId: id, endpoint, command }, request)
  const after = await done()
  if (after) return after
  throw new QuantloopError('conflict', `the deployment ${id} could not be rolled back`, { id, endpoint })
}

/** Whether the deployment's own workflow took the command. */
async function takenByItself(world: World, { id, endpoint }: Deployment, body: CommandBody, request: AcceptedRequest): Promise<boolean> {
  try {
    await obey(world, { kind: 'deployment', id, workflowId: deploymentWorkflowId(endpoint, id) }, 'rollback', body, request)
    return true
  } catch (error) {
    if (error instanceof QuantloopError && error.code === 'run_closed') return false
    throw error
  }
}

async function untilEnded({ db }: World, id: string, withinMs: number): Promise<void> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await delay(lookAgainMs))
    if ((await findDeployment(db, id))?.endedAt !== null) return
}

/** Another caller's may be running: what it comes to is told from the row. */
async function rollBack({ temporal }: World, input: RollBackInput, request: AcceptedRequest): Promise<void> {
  const workflowId = rollbackWorkflowId(input.endpoint, input.deploymentId)
  await startUnlessRunning(temporal, { type: 'rollBack', workflowId, input, request }, async () => false)
  await temporal.withDeadline(Date.now() + heardMs, () => temporal.workflow.getHandle(workflowId).result())
}
