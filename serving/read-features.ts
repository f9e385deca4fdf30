import type { Context } from 'hono'
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureRow } from '#contracts/features.ts'
import { endpointName, whyAbsent } from './predict-by-symbol.ts'
import type { ServingWorld } from './world.ts'

/**
 * `GET /v1/endpoints/{name}/features/{symbol}`: the newest row of a symbol, of the features that the version in force
 * reads. From memory: nothing is predicted, logged or counted.
 */
export const readFeatures =
  ({ replica }: ServingWorld) =>
  async (c: Context) => {
    const held = await replica.hold(endpointName(c.req.param('name')), { onlyLooks: true })
    try {
      const { dataset, featureHash } = held.model.route
      const symbol = c.req.param('symbol') ?? ''
      const row = replica.features.find({ dataset, featureHash }, symbol)
      if (row === undefined)
        throw new QuantloopError('feature_row_missing', `no feature row of ${dataset} for ${symbol}: ${whyAbsent(held.model.sidecar)}`, {
          dataset,
          symbol,
        })
      const { session, buildId, sha256, values } = row
      const body: FeatureRow = {
        dataset,
        featureHash,
        buildId,
        symbol,
        session,
        values: Array.from(values, (value) => (Number.isFinite(value) ? value : null)),
        sha256,
      }
      return c.json(body)
    } finally {
      held.let()
    }
  }
