import { and, asc, desc, eq, gt } from 'drizzle-orm'
import type { TrainingEvent } from '#contracts/events.ts'
import type { Executor } from '../client.ts'
import { trainingProgress, trainingRun } from '../schema.ts'
import { inOrder, positionOf, type Reading, revisionOf, sequenceOf } from './event-sequence.ts'
import { pointOf } from './training-runs.ts'

/** At most `limit` progress points of a run after a position, and its state when that is new. */
export async function readTrainingEvents(db: Executor, runId: string, after: number, limit: number): Promise<Reading<TrainingEvent>> {
  // the row first: all points of a run that has ended are there
  const [run] = await db.select().from(trainingRun).where(eq(trainingRun.id, runId))
  if (run === undefined) return { events: [], ended: false }
  const seen = positionOf(after)
  const rows = await db
    .select()
    .from(trainingProgress)
    .where(and(eq(trainingProgress.runId, runId), gt(trainingProgress.step, seen.points)))
    .orderBy(asc(trainingProgress.step))
    .limit(limit)
  const { state, step, pausedBy, modelVersion, failure } = run
  return inOrder(
    seen,
    rows.map((row) => ({ at: row.step, event: { kind: 'progress' as const, point: pointOf(row) } })),
    {
      revision: revisionOf(run),
      ended: run.endedAt !== null,
      event: { kind: 'state' as const, state, step, pausedBy, modelVersion, failure },
    },
    rows.length === limit,
  )
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
