import { eq } from 'drizzle-orm'
import type { DeploymentEvent } from '#contracts/events.ts'
import type { Executor } from '../client.ts'
import { deployment } from '../schema.ts'
import { inOrder, positionOf, type Reading, revisionOf, sequenceOf } from './event-sequence.ts'

/** What the gates of a deployment said after a position, at most `limit` of it, and its state when that is new. */
export async function readDeploymentEvents(db: Executor, id: string, after: number, limit: number): Promise<Reading<DeploymentEvent>> {
  const [row] = await db.select().from(deployment).where(eq(deployment.id, id))
  if (row === undefined) return { events: [], ended: false }
  const seen = positionOf(after)
  const readings = row.gates.slice(seen.points, seen.points + limit)
  const { state, step, pausedBy, revision, failure } = row
  return inOrder(
    seen,
    readings.map((reading, i) => ({ at: seen.points + i + 1, event: { kind: 'gate' as const, reading } })),
    { revision: revisionOf(row), ended: row.endedAt !== null, event: { kind: 'state' as const, state, step, pausedBy, revision, failure } },
    seen.points + readings.length < row.gates.length,
  )
}

export async function newestDeploymentEvent(db: Executor, id: string): Promise<number> {
  const [row] = await db
    .select({ gates: deployment.gates, journalSequence: deployment.journalSequence, endedAt: deployment.endedAt })
    .from(deployment)
    .where(eq(deployment.id, id))
  return row === undefined ? 0 : sequenceOf({ points: row.gates.length, revision: revisionOf(row) })
}
