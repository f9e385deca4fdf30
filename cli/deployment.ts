import type { Deployment, GateReading, Rollback } from '#contracts/deployments.ts'
import type { ApiClient } from './client.ts'
import type { CliContext } from './context.ts'
import { follow } from './follow.ts'
import { facts, moment, table } from './output.ts'

const ended = ['superseded', 'rolled_back', 'rejected', 'refused', 'failed', 'stopped'] as const satisfies Deployment['state'][]
const needsNobody = ['active', 'awaiting_approval', ...ended] as const satisfies Deployment['state'][]

/** Until it answers, needs a person, or has ended; `toTheEnd` waits for its bake as well. */
export async function followDeployment(context: CliContext, client: ApiClient, first: Deployment, toTheEnd: boolean): Promise<Deployment> {
  const again = () => client.deployments.find(first.id)
  const answering = await follow(context, first, needsNobody, again)
  if (!toTheEnd || answering.endedAt !== null || answering.state !== 'active') return answering
  // an ended one is shown as something that `follow` rests at
  const baked = await follow<Deployment>(context, { ...answering, state: 'running' }, needsNobody, async () => {
    const now = await again()
    return now.state === 'active' && now.endedAt === null ? { ...now, state: 'running' } : now
  })
  return baked
}

export function describeDeployment(deployment: Deployment): string {
  const shown = facts({
    deployment: deployment.id,
    endpoint: deployment.endpoint,
    model: `${deployment.model.name}@${deployment.model.version}`,
    strategy: deployment.strategy,
    state: deployment.state,
    step: deployment.step,
    revision: deployment.revision,
    replaced: deployment.predecessorId,
    failure: deployment.failure,
    by: deployment.requestedBy,
    started: moment(deployment.startedAt),
    ended: moment(deployment.endedAt),
  })
  return deployment.gates.length === 0 ? shown : `${shown}\n\n${gatesOf(deployment.gates)}`
}

const gatesOf = (gates: GateReading[]) =>
  table(gates, [
    { title: 'step', value: ({ step }) => step },
    { title: 'gates', value: ({ verdict }) => verdict },
    { title: 'what they saw', value: ({ reason }) => reason },
  ])

export const describeRollback = ({ deploymentId, endpoint, doneNow, answers }: Rollback): string =>
  facts({
    'rolled back': deploymentId,
    endpoint,
    'answers with': answers === null ? 'nothing' : `${answers.model.name}@${answers.model.version}`,
    revision: answers?.revision,
    deployment: answers?.deploymentId,
    note: doneNow ? null : 'it had been rolled back before',
  })
