import { and, asc, desc, eq, gt, lt, or } from 'drizzle-orm'
import type { ProgressPoint, TrainingRun, TrainingState } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import { trainingProgress, trainingRun } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Page = { limit: number; after?: string | undefined }
type Filter = Page & { model?: string | undefined; state?: TrainingState | undefined }

/** Newest first. */
export async function listTrainingRuns(db: Executor, { limit, after, model, state }: Filter) {
  const [startedAt, id] = after === undefined ? [] : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(trainingRun)
    .where(
      and(
        model === undefined ? undefined : eq(trainingRun.modelName, model),
        state === undefined ? undefined : eq(trainingRun.state, state),
        startedAt === undefined || id === undefined
          ? undefined
          : or(lt(trainingRun.startedAt, startedAt), and(eq(trainingRun.startedAt, startedAt), lt(trainingRun.id, id))),
      ),
    )
    .orderBy(desc(trainingRun.startedAt), desc(trainingRun.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.startedAt, row.id], runOf)
}

export async function findTrainingRun(db: Executor, id: string): Promise<TrainingRun | undefined> {
  const [row] = await db.select().from(trainingRun).where(eq(trainingRun.id, id))
  return row && runOf(row)
}

/** A run's progress points, from the first. */
export async function listProgress(db: Executor, runId: string, { limit, after }: Page) {
  const [step] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const rows = await db
    .select()
    .from(trainingProgress)
    .where(and(eq(trainingProgress.runId, runId), step === undefined ? undefined : gt(trainingProgress.step, step)))
    .orderBy(asc(trainingProgress.step))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.step], pointOf)
}

export const pointOf = ({ executed: _, ...row }: typeof trainingProgress.$inferSelect): ProgressPoint => ({ ...row, at: iso(row.at) })

const runOf = (row: typeof trainingRun.$inferSelect): TrainingRun => ({
  id: row.id,
  modelName: row.modelName,
  modelVersion: row.modelVersion,
  recipe: row.recipe,
  state: row.state,
  step: row.step,
  snapshotId: row.snapshotId,
  asOf: isoOrNull(row.asOf),
  buildId: row.buildId,
  onnxSha256: row.fit?.onnx.sha256 ?? null,
  rounds: row.fit?.rounds ?? null,
  iterationsExecuted: row.fit?.iterationsExecuted ?? null,
  resumedFromRound: row.fit?.resumedFromRound ?? null,
  pausedSeconds: row.pausedMs / 1000,
  evaluation: row.evaluation,
  failure: row.failure,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})
