/** What the API says to the standing supervisor of an endpoint. */
import { WorkflowNotFoundError } from '@temporalio/client'
import type { Command, CommandBody } from '#contracts/commands.ts'
import type { Endpoint } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { superviseWorkflowId } from '#contracts/ids.ts'
import type { RetrainStarted, SuperviseInput, Supervision, SupervisionPolicy } from '#contracts/supervision.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import * as messages from '#workflows/messages/supervision.ts'
import type { AppDependencies } from './dependencies.ts'
import { explain } from './errors.ts'
import type { AcceptedRequest } from './idempotency.ts'
import { findUnwrittenRun, startUnlessRunning } from './runs.ts'
import { heardMs } from './verbs.ts'

type World = Pick<AppDependencies, 'db' | 'temporal'>

/** Starts the supervisor, or gives the running one the policy. One that closes meanwhile is started again. */
export async function supervise(
  { db, temporal }: World,
  endpoint: string,
  policy: SupervisionPolicy,
  request: AcceptedRequest,
): Promise<void> {
  const workflowId = superviseWorkflowId(endpoint)
  const input: SuperviseInput = { endpoint, policy, origin: request.origin }
  const hasEnded = async () => typeof (await findSupervision(db, endpoint))?.endedAt === 'string'
  const start = () => startUnlessRunning(temporal, { type: 'superviseEndpoint', workflowId, input, request }, hasEnded)
  // a repeat of the request that started it meets itself, also when it has been stopped since
  if ((await findUnwrittenRun(temporal, workflowId))?.id === request.id) return
  if (await start()) return
  try {
    await temporal.withDeadline(Date.now() + heardMs, () =>
      temporal.workflow.getHandle(workflowId).executeUpdate(messages.setPolicy, {
        updateId: request.id,
        args: [{ commandId: request.id, by: request.origin.by, policy }],
      }),
    )
  } catch (error) {
    if (!hasClosed(error) || !(await start())) throw error
  }
}

/** @throws QuantloopError conflict when no supervisor runs */
export async function retrainNow(
  { temporal }: World,
  endpoint: string,
  { reason }: CommandBody,
  { id, origin }: AcceptedRequest,
): Promise<RetrainStarted> {
  const command: Command = { commandId: id, by: origin.by, ...(reason === undefined ? {} : { reason }) }
  try {
    return await temporal.withDeadline(Date.now() + heardMs, () =>
      temporal.workflow.getHandle(superviseWorkflowId(endpoint)).executeUpdate(messages.retrainNow, { updateId: id, args: [command] }),
    )
  } catch (error) {
    if (!hasClosed(error)) throw error
    throw new QuantloopError(
      'conflict',
      `nobody supervises endpoint ${endpoint}: PUT /api/v1/endpoints/${endpoint}/supervision starts it`,
      { endpoint },
      { cause: error },
    )
  }
}

const hasClosed = (error: unknown) => error instanceof WorkflowNotFoundError || explain(error).code === 'run_closed'

/** How a supervisor stands before its first row. @throws QuantloopError conflict when the endpoint answers with nothing */
export function acceptedSupervision({ name, active }: Endpoint, policy: SupervisionPolicy, by: string, startedAt: string): Supervision {
  if (active === null)
    throw new QuantloopError('conflict', `endpoint ${name} answers with no version yet: deploy one first`, { endpoint: name })
  return {
    endpoint: name,
    dataset: active.dataset,
    label: active.label,
    policy,
    state: 'running',
    step: 'start',
    champion: active.model,
    processedThrough: null,
    pausedBy: null,
    failure: null,
    requestedBy: by,
    startedAt,
    endedAt: null,
  }
}
