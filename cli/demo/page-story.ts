import type { DemoStory } from '#reports/demo/story.ts'
import type { ApiClient } from '../client.ts'
import { type Draft, told } from './chapter.ts'
import { everything } from './waiting.ts'

/** The draft, and what the API tells of it beside, as the report's page wants it. */
export async function pageStory(client: ApiClient, draft: Draft): Promise<DemoStory> {
  const { endpoint } = told(draft.place)
  const { scores, monitors, alerts, retrains } = told(draft.watching)
  const [champion, refused, deployments, history] = await Promise.all([
    client.trainingRuns.find(told(draft.guest).runId),
    client.trainingRuns.find(told(draft.refused).runId),
    everything((paging) => client.deployments.list({ endpoint, ...paging })),
    everything((paging) => client.endpoints.history(endpoint, paging)),
  ])
  return {
    endpoint,
    snapshot: told(draft.snapshot),
    champion,
    refused,
    replay: told(draft.replay),
    scores,
    monitors,
    alerts,
    retrains,
    deployments: deployments.toReversed(),
    history: history.toReversed(),
    promotion: told(draft.promotion),
    rollback: told(draft.rollback),
    trace: told(draft.trace),
  }
}
