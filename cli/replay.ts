/** A replay from outside: one sync a session, until there is no more to release. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectorConfig, Sync } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ApiClient } from './client.ts'
import { assertEndedWell } from './follow.ts'

/** A session takes some tenths of a second. */
const pollMs = 25

export type ReplayedSession = { session: string; syncId: string; snapshotId: string; rows: number; quarantined: number }

/**
 * Releases real sessions one after another, each when the one before has landed; ends when `through`, or the source's
 * last session, has been released.
 *
 * @throws QuantloopError of a sync that failed, was stopped, rejected or is held for a person
 */
export async function* replaySessions(client: ApiClient, dataset: string, through: string | undefined): AsyncGenerator<ReplayedSession> {
  const connector: ConnectorConfig = { kind: 'replay', source: 'sample', ...(through === undefined ? {} : { through }) }
  for (;;) {
    const { id } = await client.datasets.sync(dataset, { connector }, randomUUID())
    const sync = await ended(client, dataset, id)
    if (sync.state === 'held')
      throw new QuantloopError('conflict', `sync ${id} holds a move that nothing explains: quantloop data approve ${dataset}, or reject`, {
        id,
      })
    assertEndedWell('sync', id, sync, ['failed', 'rejected', 'stopped'])
    if (sync.state === 'unchanged') return
    const { lastSession } = await client.snapshots.find(sync.snapshotId!)
    yield { session: lastSession, syncId: id, snapshotId: sync.snapshotId!, rows: sync.rows, quarantined: sync.quarantined }
  }
}

async function ended(client: ApiClient, dataset: string, id: string): Promise<Sync> {
  for (;;) {
    const sync = await client.datasets.findSync(dataset, id)
    if (sync.endedAt !== null || sync.state === 'held') return sync
    await sleep(pollMs)
  }
}
