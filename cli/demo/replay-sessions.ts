import { QuantloopError } from '#contracts/errors.ts'
import type { ApiClient } from '../client.ts'
import { told } from './chapter.ts'
import type { Place } from './place.ts'
import * as scenario from './scenario.ts'
import { settled } from './waiting.ts'

const soonMs = 20

/** Has the replay release one more real session. @returns the session, or undefined when there is no more */
async function releaseSession(client: ApiClient, { dataset }: Place): Promise<string | undefined> {
  const started = await client.datasets.sync(dataset, {
    connector: { kind: 'replay', source: 'sample', symbols: scenario.symbols, through: scenario.replay.through },
  })
  const sync = await settled(
    () => client.datasets.findSync(dataset, started.id),
    ({ endedAt, state }) => endedAt !== null || state === 'held',
    undefined,
    soonMs,
  )
  if (sync.state === 'unchanged') return undefined
  if (sync.state !== 'landed')
    throw new Error(`the replay of a session ended as ${sync.state}: ${sync.failure ?? 'a price jump waits for approval'}`)
  const { lastSession } = await client.datasets.find(dataset)
  return lastSession ?? undefined
}

/** Asks a replica for predictions of the session, until its features are there. */
async function predictAt(replica: ApiClient, { endpoint }: Place, session: string): Promise<void> {
  await settled(
    () => replica.predict(endpoint, scenario.symbols, { session }).catch(notYet),
    (answer) => answer !== undefined,
    undefined,
    soonMs,
  )
}

function notYet(error: unknown): undefined {
  if (error instanceof QuantloopError && error.code === 'feature_row_of_another_session') return undefined
  throw error
}

export type Replayed = { session: string; seconds: number }

/**
 * Releases session after session until there is no more, and has live predictions made on each, by the replicas in turn.
 * Seconds are from asking for a session to the answers that know it.
 */
export async function replaySessions(client: ApiClient, replicas: readonly ApiClient[], place: Place): Promise<Replayed[]> {
  const replayed: Replayed[] = []
  // each landing starts this build; the supervisor asks for the same once it has time, and joins it
  await client.standingBuilds.follow(place.dataset, { features: 'technical', label: scenario.tomorrowsRange })
  for (;;) {
    const begun = performance.now()
    const session = await releaseSession(client, place)
    if (session === undefined) return replayed
    await predictAt(told(replicas[replayed.length % replicas.length]), place, session)
    replayed.push({ session, seconds: (performance.now() - begun) / 1000 })
  }
}
