import { and, eq } from 'drizzle-orm'
import type { RunState } from '#contracts/commands.ts'
import type { Executor } from '../client.ts'
import type { RunKind } from '../commands/record-run-state.ts'
import { audit, calibration, collection, deployment, featureBuild, supervision, syncRun, trainingRun } from '../schema.ts'

/** How a run stands according to its row: what a command that came too late is answered from. */
export type RunOutcome = {
  state: string
  step: string
  pausedBy: string | null
  pausedMs: number
  startedAt: string
  endedAt: string | null
}

export async function findRunOutcome(db: Executor, kind: RunKind, id: string): Promise<RunOutcome | undefined> {
  switch (kind) {
    case 'sync':
      return (await db.select(outcome(syncRun)).from(syncRun).where(eq(syncRun.id, id)))[0]
    case 'feature-build':
      return (await db.select(outcome(featureBuild)).from(featureBuild).where(eq(featureBuild.id, id)))[0]
    case 'training-run':
      return (await db.select(outcome(trainingRun)).from(trainingRun).where(eq(trainingRun.id, id)))[0]
    case 'deployment':
      return (await db.select(outcome(deployment)).from(deployment).where(eq(deployment.id, id)))[0]
    case 'calibration':
      return (await db.select(outcome(calibration)).from(calibration).where(eq(calibration.recipeHash, id)))[0]
    case 'collection':
      return (await db.select(outcome(collection)).from(collection).where(eq(collection.id, id)))[0]
    case 'supervision':
      return (await db.select(outcome(supervision)).from(supervision).where(eq(supervision.endpoint, id)))[0]
    default:
      return kind satisfies never
  }
}

/** Whether this very command has reached the run before. */
export async function hasCommand(db: Executor, kind: RunKind, id: string, commandId: string): Promise<boolean> {
  const rows = await db
    .select({ id: audit.id })
    .from(audit)
    .where(and(eq(audit.commandId, commandId), eq(audit.subject, `${kind}/${id}`)))
    .limit(1)
  return rows.length > 0
}

/** A closed run, as its workflow would have answered. */
export function closedState(run: RunOutcome): RunState {
  const elapsed = run.endedAt === null ? 0 : Date.parse(run.endedAt) - Date.parse(run.startedAt)
  return { phase: 'closed', step: run.step, activeMs: Math.max(0, elapsed - run.pausedMs), pausedMs: run.pausedMs }
}

type RunTable =
  | typeof syncRun
  | typeof featureBuild
  | typeof trainingRun
  | typeof deployment
  | typeof calibration
  | typeof supervision
  | typeof collection

const outcome = <T extends RunTable>(table: T) => ({
  state: table.state,
  step: table.step,
  pausedBy: table.pausedBy,
  pausedMs: table.pausedMs,
  startedAt: table.startedAt,
  endedAt: table.endedAt,
})
