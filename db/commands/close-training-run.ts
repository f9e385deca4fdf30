import { and, eq, isNull, sql } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Evaluation, TrainingState } from '#contracts/training.ts'
import type { Database } from '../client.ts'
import { audit, modelVersion, trainingRun } from '../schema.ts'

export type TrainingEnd = { runId: string; reason: string } &
  /** by the registration gate, or without an evaluation by the check of its features */
  ({ state: 'refused'; evaluation: Evaluation | null } | { state: 'failed' } | { state: 'stopped'; by: string })

/**
 * Ends a run without a decision. A version that it has registered leaves `testing` with it, audited. A run that has
 * ended already stays as it is; the answer is the state on its row.
 */
export async function closeTrainingRun(db: Database, end: TrainingEnd): Promise<{ state: TrainingState; reason: string | null }> {
  return await db.transaction(async (tx) => {
    const [closed] = await tx
      .update(trainingRun)
      .set({
        state: end.state,
        failure: end.reason,
        pausedBy: null,
        endedAt: sql`now()`,
        ...(end.state === 'refused' ? { evaluation: end.evaluation } : {}),
      })
      .where(and(eq(trainingRun.id, end.runId), isNull(trainingRun.endedAt)))
      .returning()
    if (closed === undefined) {
      const [run] = await tx.select().from(trainingRun).where(eq(trainingRun.id, end.runId))
      if (run === undefined) throw new QuantloopError('not_found', `there is no training run ${end.runId}`)
      return { state: run.state, reason: run.failure }
    }
    if (end.state === 'refused')
      await tx.insert(audit).values({
        by: end.evaluation === null ? 'feature-check' : 'registration-gate',
        action: 'refuse',
        subject: `training-run/${end.runId}`,
        commandId: end.runId,
        detail: { reason: end.reason },
      })
    const [archived] = await tx
      .update(modelVersion)
      .set({ stage: 'archived' })
      .where(and(eq(modelVersion.runId, end.runId), eq(modelVersion.stage, 'testing')))
      .returning()
    if (archived)
      await tx.insert(audit).values({
        by: end.state === 'stopped' ? end.by : 'quantloop',
        action: 'transition',
        subject: `model-version/${archived.name}@${archived.version}`,
        commandId: end.runId,
        detail: { from: 'testing', to: 'archived', runId: end.runId, reason: end.reason },
      })
    return { state: end.state, reason: end.reason }
  })
}
