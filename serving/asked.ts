import { performance } from 'node:perf_hooks'
import { QuantloopError } from '#contracts/errors.ts'
import type { PredictionRecord } from '#contracts/predictions.ts'
import type { Asker, Held } from './traffic.ts'
import type { ServingWorld } from './world.ts'

/**
 * One request to one version: held from here to its answer, and counted for the version that it went to, also when it
 * fails there.
 * @throws QuantloopError endpoint_not_found | endpoint_not_ready, and whatever `ask` throws
 */
export async function asked<T>(
  { replica, metrics }: ServingWorld,
  endpoint: string,
  asker: Asker,
  ask: (held: Held) => Promise<{ records: PredictionRecord[]; response: T }>,
): Promise<T> {
  const held = await replica.hold(endpoint, asker)
  const { model, arm } = held
  const labels = { endpoint, model: model.route.model.name, version: model.route.model.version, arm }
  const startedAt = performance.now()
  try {
    const { records, response } = await ask(held)
    metrics.predictions.inc(labels, records.length)
    replica.tallies.answered(
      model.route.deploymentId,
      records.map(({ value }) => value),
      performance.now() - startedAt,
    )
    return response
  } catch (error) {
    // whoever waits for a session is told so, and that is no error
    if (!(error instanceof QuantloopError && error.code === 'feature_row_of_another_session')) metrics.errors.inc(labels)
    replica.tallies.failed(model.route.deploymentId, error, performance.now() - startedAt)
    throw error
  } finally {
    held.let()
  }
}
