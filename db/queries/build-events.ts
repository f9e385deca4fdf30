import { eq } from 'drizzle-orm'
import type { BuildEvent } from '#contracts/events.ts'
import type { Executor } from '../client.ts'
import { featureBuild } from '../schema.ts'
import { inOrder, positionOf, type Reading, revisionOf, sequenceOf } from './event-sequence.ts'
import { shardsOfBuild } from './feature-builds.ts'

/** How many shards of a build are there, when that has risen since a position, and its state when that is new. */
export async function readBuildEvents(db: Executor, id: string, after: number): Promise<Reading<BuildEvent>> {
  const row = await find(db, id)
  if (row === undefined) return { events: [], ended: false }
  const seen = positionOf(after)
  const { state, step, pausedBy, failure, shards } = row
  const points = shards !== null && shards.done > seen.points ? [{ at: shards.done, event: { kind: 'progress' as const, shards } }] : []
  return inOrder(
    seen,
    points,
    { revision: revisionOf(row), ended: row.endedAt !== null, event: { kind: 'state' as const, state, step, pausedBy, failure } },
    false,
  )
}

/** The sequence that the newest event has or would have; 0 for a build without a row. */
export async function newestBuildEvent(db: Executor, id: string): Promise<number> {
  const row = await find(db, id)
  return row === undefined ? 0 : sequenceOf({ points: row.shards?.done ?? 0, revision: revisionOf(row) })
}

async function find(db: Executor, id: string) {
  const { state, step, pausedBy, failure, journalSequence, endedAt } = featureBuild
  const [row] = await db
    .select({ state, step, pausedBy, failure, journalSequence, endedAt, shards: shardsOfBuild })
    .from(featureBuild)
    .where(eq(featureBuild.id, id))
  return row
}
