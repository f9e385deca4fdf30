import type { Deployment } from '#contracts/deployments.ts'
import { facts, moment } from './output.ts'

export const describeDeployment = (deployment: Deployment): string =>
  facts({
    deployment: deployment.id,
    endpoint: deployment.endpoint,
    model: `${deployment.model.name}@${deployment.model.version}`,
    strategy: deployment.strategy,
    state: deployment.state,
    step: deployment.step,
    revision: deployment.revision,
    failure: deployment.failure,
    by: deployment.requestedBy,
    started: moment(deployment.startedAt),
    ended: moment(deployment.endedAt),
  })
