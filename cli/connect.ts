import { servingReplicas } from '#config/serving-replicas.ts'
import { type ApiClient, createClient } from './client.ts'
import type { CliContext } from './context.ts'

/** The client of the stack that the configuration names. A wait that outlives a restart of the API is given patience. */
export async function connect(context: CliContext, patienceMs = 0): Promise<ApiClient> {
  const { api, serving, apiKey } = await context.config()
  return createClient({ apiUrl: api.url, servingUrl: serving.url, apiKey, patienceMs })
}

/** A client for each serving replica of this machine; the first is the one that the configuration names. */
export async function connectReplicas(context: CliContext): Promise<ApiClient[]> {
  const config = await context.config()
  return servingReplicas(config).map(({ url }) => createClient({ apiUrl: config.api.url, servingUrl: url, apiKey: config.apiKey }))
}

/** How long a command that waits for a run goes on asking an API that is away. */
export const waitingPatienceMs = 60_000
