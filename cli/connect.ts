import { servingReplicas } from '#config/serving-replicas.ts'
import { type ApiClient, createClient } from './client.ts'
import type { CliContext } from './context.ts'

/** The client of the stack that the configuration names. A wait that outlives a restart of the API is given patience. */
export async function connect(context: CliContext, patienceMs = 0): Promise<ApiClient> {
  const { api, serving, apiKey } = await context.config()
  return createClient({ apiUrl: api.url, servingUrl: serving.url, apiKey, patienceMs })
}

/**
 * A client for each serving replica of this machine; the first is the one that the configuration names. An address that
 * is not this machine's own port is somebody else's, a balancer's perhaps: it is asked alone.
 */
export async function connectReplicas(context: CliContext): Promise<ApiClient[]> {
  const config = await context.config()
  const isOurs = new URL(config.serving.url).port === String(config.serving.port)
  return (isOurs ? servingReplicas(config) : [config.serving]).map(({ url }) =>
    createClient({ apiUrl: config.api.url, servingUrl: url, apiKey: config.apiKey }),
  )
}

/** How long a command that waits for a run goes on asking an API that is away. */
export const waitingPatienceMs = 60_000
