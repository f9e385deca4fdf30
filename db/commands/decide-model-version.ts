import { and, eq, sql } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { audit, modelVersion, trainingRun } from '../schema.ts'

export type VersionDecision = { runId: string; verdict: 'approve' | 'reject'; command: Command }

const outcome = {
  approve: { state: 'approved', stage: 'staging' },
  reject: { state: 'rejected', stage: 'archived' },
} as const

/**
 * Ends a run that waits for approval: its version leaves `testing` by compare-and-set, with the audit row in the same
 * transaction. The same decision again answers as the first time; the other one is a conflict.
 * @throws QuantloopError not_found | already_decided | nothing_to_decide
 */
export async function decideModelVersion(db: Database, { runId, verdict, command }: VersionDecision): Promise<{ version: number }> {
  const { state, stage } = outcome[verdict]
  return await db.transaction(async (tx) => {
    // the run's row first, as every other writer does
    const [run] = await tx.select().from(trainingRun).where(eq(trainingRun.id, runId)).for('update')
    if (run === undefined) throw new QuantloopError('not_found', `there is no training run ${runId}`)
    if (run.state === state && run.modelVersion !== null) return { version: run.modelVersion }
    if (run.endedAt !== null)
      throw new QuantloopError('already_decided', `the training run ${runId} cannot be ${state}: it is ${run.state}`, { state: run.state })
    const [moved] = await tx
      .update(modelVersion)
      .set({ stage })
      .where(and(eq(modelVersion.runId, runId), eq(modelVersion.stage, 'testing')))
      .returning()
    if (moved === undefined)
      throw new QuantloopError('nothing_to_decide', `the training run ${runId} has no version at testing: it is at ${run.step}`)
    await tx
      .update(trainingRun)
      .set({ state, pausedBy: null, endedAt: sql`now()` })
      .where(eq(trainingRun.id, runId))
    await tx.insert(audit).values({
      by: command.by,
      action: 'transition',
      subject: `model-version/${moved.name}@${moved.version}`,
      commandId: command.commandId,
      detail: { from: 'testing', to: stage, verdict, runId, ...(command.reason === undefined ? {} : { reason: command.reason }) },
    })
    return { version: moved.version }
  })
}
