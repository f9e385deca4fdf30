import type { ApiClient } from '../client.ts'
import type { Version } from './chapter.ts'
import * as scenario from './scenario.ts'
import { settled } from './waiting.ts'

const soonMs = 20

/** Asks each replica until it answers by this version. */
export const askedEverybody = (replicas: readonly ApiClient[], endpoint: string, { name, version }: Version) =>
  Promise.all(
    replicas.map((replica) =>
      settled(
        () => replica.predict(endpoint, scenario.symbols),
        ({ model }) => model.name === name && model.version === version,
        undefined,
        soonMs,
      ),
    ),
  )
