import { and, eq, isNull, lt, sql } from 'drizzle-orm'
import type { RunPhase } from '#contracts/commands.ts'
import type { Database } from '../client.ts'
import { audit, calibration, collection, deployment, featureBuild, supervision, syncRun, trainingRun } from '../schema.ts'

export type RunKind = 'sync' | 'feature-build' | 'training-run' | 'deployment' | 'calibration' | 'supervision' | 'collection'

export type RunEntry = {
  kind: RunKind
  id: string
  /** rises with each entry of one run: a late repeat changes nothing */
  sequence: number
  phase: Exclude<RunPhase, 'closed'>
  step: string
  pausedBy: string | null
  pausedMs: number
  command?: { commandId: string; verb: string; by: string; reason?: string | undefined; via: 'update' | 'signal' | 'temporal' }
}

/** One transaction: the run's row as far as it is still open and older than the entry, and the command's audit row. */
export async function recordRunState(db: Database, entry: RunEntry): Promise<void> {
  const { command } = entry
  await db.transaction(async (tx) => {
    const values = { step: entry.step, journalSequence: entry.sequence, pausedBy: entry.pausedBy, pausedMs: entry.pausedMs }
    switch (entry.kind) {
      case 'sync': {
        const state = entry.phase === 'awaiting_approval' ? 'held' : entry.phase
        await tx
          .update(syncRun)
          .set({ ...values, state })
          .where(and(eq(syncRun.id, entry.id), isNull(syncRun.endedAt), lt(syncRun.journalSequence, entry.sequence)))
        break
      }
      case 'feature-build':
        await tx
          .update(featureBuild)
          .set({ ...values, state: withoutApproval(entry.phase) })
          .where(and(eq(featureBuild.id, entry.id), isNull(featureBuild.endedAt), lt(featureBuild.journalSequence, entry.sequence)))
        break
      case 'training-run':
        await tx
          .update(trainingRun)
          .set({ ...values, state: entry.phase })
          .where(and(eq(trainingRun.id, entry.id), isNull(trainingRun.endedAt), lt(trainingRun.journalSequence, entry.sequence)))
        break
      case 'deployment':
        await tx
          .update(deployment)
          // after the switch it stays active, whatever its watch does
          .set({ ...values, state: sql`case when ${deployment.state} = 'active' then 'active' else ${entry.phase} end` })
          .where(and(eq(deployment.id, entry.id), isNull(deployment.endedAt), lt(deployment.journalSequence, entry.sequence)))
        break
      case 'calibration':
        await tx
          .update(calibration)
          .set({ ...values, state: withoutApproval(entry.phase) })
          .where(and(eq(calibration.recipeHash, entry.id), isNull(calibration.endedAt), lt(calibration.journalSequence, entry.sequence)))
        break
      case 'collection':
        await tx
          .update(collection)
          .set({ ...values, state: withoutApproval(entry.phase) })
          .where(and(eq(collection.id, entry.id), isNull(collection.endedAt), lt(collection.journalSequence, entry.sequence)))
        break
      case 'supervision':
        await tx
          .update(supervision)
          .set({ ...values, state: withoutApproval(entry.phase) })
          .where(and(eq(supervision.endpoint, entry.id), isNull(supervision.endedAt), lt(supervision.journalSequence, entry.sequence)))
        break
      default:
        entry.kind satisfies never
    }
    if (command)
      await tx
        .insert(audit)
        .values({
          by: command.by,
          action: command.verb,
          subject: `${entry.kind}/${entry.id}`,
          commandId: command.commandId,
          detail: { via: command.via, step: entry.step, ...(command.reason === undefined ? {} : { reason: command.reason }) },
        })
        .onConflictDoNothing()
  })
}

const withoutApproval = (phase: RunEntry['phase']) => (phase === 'awaiting_approval' ? 'running' : phase)
