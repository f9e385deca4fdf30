import type { ApiClient } from '../client.ts'
import * as scenario from './scenario.ts'
import { known } from './waiting.ts'

/** Where this run of the demo takes place. */
export type Place = { dataset: string; endpoint: string }

/**
 * The first place that no earlier demo has taken further: a dataset that was replayed cannot be as before again, for
 * market time only advances.
 */
export async function freshPlace(client: ApiClient): Promise<Place> {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : `-${number}`
    const place = { dataset: `us-daily${suffix}`, endpoint: `tomorrows-range${suffix}` }
    const { lastSession = null } = (await known(client.datasets.find(place.dataset))) ?? {}
    const supervised = await known(client.endpoints.supervision(place.endpoint))
    if (supervised === undefined && (lastSession === null || lastSession === scenario.lastSession)) return place
  }
}
