import type { Deployment } from '#contracts/deployments.ts'
import type { ApiClient } from '../client.ts'
import type { Progress, Version } from './chapter.ts'
import { settled } from './waiting.ts'

/** Deploys a version at once and waits until it answers. @throws Error when it does not come to that */
export async function deployed(
  client: ApiClient,
  endpoint: string,
  model: Version,
  progress: Progress,
): Promise<Deployment & { revision: number }> {
  const started = await client.deployments.create({ endpoint, model, plan: { strategy: 'immediate' } })
  const deployment = await settled(
    () => client.deployments.find(started.id),
    ({ state, endedAt }) => endedAt !== null || state === 'active',
    ({ step }) => progress(step),
  )
  const { state, revision, failure } = deployment
  if (state !== 'active' || revision === null) throw new Error(`the deployment ended as ${state}: ${failure ?? ''}`)
  return { ...deployment, revision }
}
