import { and, asc, desc, eq, gt } from 'drizzle-orm'
import type { TrainingEvent } from '#contracts/events.ts'
import type { Executor } from '../client.ts'
import { trainingProgress, trainingRun } from '../schema.ts'
import { inOrder, positionOf, type Reading, revisionOf, sequenceOf } from './event-sequence.ts'
import { pointOf } from './training-runs.ts'

/** At most `limit` progress points of a run after a position, and its state when that is new. */
export async function readTrainingEvents(db: Executor, runId: string, after: number, limit: number): Promise<Reading<TrainingEvent>> {
  const seen = positionOf(after)
  // one statement: a point that was written under a state must not be seen without that state
  const rows = await db
    .select({ run: runColumns, point: trainingProgress })
    .from(trainingRun)
    .leftJoin(trainingProgress, and(eq(trainingProgress.runId, trainingRun.id), gt(trainingProgress.step, seen.points)))
    .where(eq(trainingRun.id, runId))
    .orderBy(asc(trainingProgress.step))
    .limit(limit)
  if (rows[0] === undefined) return { events: [], ended: false }
  const { journalSequence, endedAt, ...state } = rows[0].run
  return inOrder(
    seen,
    rows.flatMap(({ point }) => (point === null ? [] : [{ at: point.step, event: { kind: 'progress' as const, point: pointOf(point) } }])),
    { revision: revisionOf({ journalSequence, endedAt }), ended: endedAt !== null, event: { kind: 'state' as const, ...state } },
    rows.length === limit,
  )
}

const runColumns = {
  state: trainingRun.state,
  step: trainingRun.step,
  pausedBy: trainingRun.pausedBy,
  modelVersion: trainingRun.modelVersion,
  failure: trainingRun.failure,
  journalSequence: trainingRun.journalSequence,
  endedAt: trainingRun.endedAt,
}

/** The sequence that the newest event has or would have; 0 for a run without a row. */
export async function newestTrainingEvent(db: Executor, runId: string): Promise<number> {
  const [run] = await db
    .select({ journalSequence: trainingRun.journalSequence, endedAt: trainingRun.endedAt })
    .from(trainingRun)
    .where(eq(trainingRun.id, runId))
  if (run === undefined) return 0
  const [last] = await db
    .select({ step: trainingProgress.step })
    .from(trainingProgress)
    .where(eq(trainingProgress.runId, runId))
    .orderBy(desc(trainingProgress.step))
    .limit(1)
  return sequenceOf({ points: last?.step ?? 0, revision: revisionOf(run) })
}
