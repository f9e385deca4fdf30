import { BuildEvent, DeploymentEvent, TrainingEvent } from '#contracts/events.ts'
import { EndpointEvent } from '#contracts/supervision.ts'
import { followEvents } from './follow-events.ts'
import type { ClientOptions, Transport } from './transport.ts'

/** Events as they happen, each once: everything after the sequence `after`, until the last one or until the loop is left. */
export const liveResources = (options: ClientOptions, transport: Transport) => ({
  ofTraining: (id: string, after = 0): AsyncGenerator<TrainingEvent> =>
    followEvents(options, transport, `/training-runs/${encodeURIComponent(id)}/events`, TrainingEvent, after),
  ofBuild: (id: string, after = 0): AsyncGenerator<BuildEvent> =>
    followEvents(options, transport, `/feature-builds/${encodeURIComponent(id)}/events`, BuildEvent, after),
  ofDeployment: (id: string, after = 0): AsyncGenerator<DeploymentEvent> =>
    followEvents(options, transport, `/deployments/${encodeURIComponent(id)}/events`, DeploymentEvent, after),
  /** an endpoint has no last event */
  ofEndpoint: (name: string, after = 0): AsyncGenerator<EndpointEvent> =>
    followEvents(options, transport, `/endpoints/${encodeURIComponent(name)}/events`, EndpointEvent, after),
})
