import { eq, max } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Evaluation } from '#contracts/training.ts'
import type { Database } from '../client.ts'
import { audit, model, modelVersion, trainingRun } from '../schema.ts'

export type Candidate = {
  runId: string
  name: string
  onnx: ObjectRef
  sidecar: ObjectRef
  featureHash: string
  snapshotId: string
  buildId: string
  dataset: string
  /** null when the version is judged in shadow */
  evaluation: Evaluation | null
}

/**
 * The next version of a model, at stage `testing`, with its audit row. One a run: a repeat, or a race, answers the
 * version that was registered first.
 * @throws QuantloopError not_found | run_closed
 */
export async function registerModelVersion(db: Database, { evaluation, ...candidate }: Candidate): Promise<number> {
  return await db.transaction(async (tx) => {
    await tx.insert(model).values({ name: candidate.name }).onConflictDoNothing()
    // the model's row is the lock: its versions are numbered one after the other, without gaps
    await tx.select().from(model).where(eq(model.name, candidate.name)).for('update')
    const [registered] = await tx
      .select({ version: modelVersion.version })
      .from(modelVersion)
      .where(eq(modelVersion.runId, candidate.runId))
    if (registered) return registered.version
    const [run] = await tx.select().from(trainingRun).where(eq(trainingRun.id, candidate.runId)).for('update')
    if (run === undefined) throw new QuantloopError('not_found', `there is no training run ${candidate.runId}`)
    if (run.endedAt !== null)
      throw new QuantloopError('run_closed', `the training run ${run.id} has ended (${run.state}): it registers nothing any more`)
    const [latest] = await tx
      .select({ version: max(modelVersion.version) })
      .from(modelVersion)
      .where(eq(modelVersion.name, candidate.name))
    const version = (latest?.version ?? 0) + 1
    await tx.insert(modelVersion).values({ ...candidate, version, stage: 'testing' })
    await tx.update(trainingRun).set({ modelVersion: version, evaluation }).where(eq(trainingRun.id, run.id))
    await tx.insert(audit).values({
      by: run.requestedBy,
      action: 'register',
      subject: `model-version/${candidate.name}@${version}`,
      // the run is the command: one registration each
      commandId: run.id,
      detail: { runId: run.id, onnxSha256: candidate.onnx.sha256, gate: evaluation?.gate.reason ?? 'none: judged in shadow' },
    })
    return version
  })
}
