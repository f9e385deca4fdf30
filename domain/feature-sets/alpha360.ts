import type { FeatureDefinition, FeatureSet } from './feature-set.ts'

const sessions = 60

/** Oldest first, as in Qlib's `Alpha360DL` (qlib.contrib.data.loader, 0.9.7). */
const history = (column: string, over: string): FeatureDefinition[] =>
  Array.from({ length: sessions }, (_, index) => {
    const back = sessions - 1 - index
    return { name: `${column.toUpperCase()}${back}`, expression: `${back === 0 ? `$${column}` : `Ref($${column},${back})`}/${over}` }
  })

export const alpha360: FeatureSet = {
  name: 'alpha360',
  version: 1,
  description: "Qlib's Alpha360: prices and volume of the last 60 sessions, over today's close and volume",
  features: [
    ...['close', 'open', 'high', 'low', 'vwap'].flatMap((price) => history(price, '$close')),
    ...history('volume', '($volume+1e-12)'),
  ],
}
