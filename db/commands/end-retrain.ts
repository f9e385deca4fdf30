import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database, Executor } from '../client.ts'
import { audit, retrain } from '../schema.ts'
import { changeChampion } from './change-champion.ts'
import { type Finding, raiseAlert } from './raise-alert.ts'
import type { RetrainRow } from './open-retrain.ts'
import { recordEndpointEvent } from './record-endpoint-event.ts'

export type RetrainEnd = { retrainId: string; by: string; reason: string } & (
  | { state: 'promoted' }
  | { state: 'not-promoted' }
  | { state: 'failed'; finding: Finding }
)

/**
 * Ends a retrain, once: with its audit row and event, the alert of one that failed, and the new champion of one that
 * was promoted, which counts from the session of its verdict.
 */
export async function endRetrain(db: Database, end: RetrainEnd): Promise<void> {
  const { retrainId, state, reason, by } = end
  await db.transaction(async (tx) => {
    const [ended] = await tx
      .update(retrain)
      .set({ state, reason, endedAt: sql`now()` })
      .where(and(eq(retrain.id, retrainId), isNull(retrain.endedAt)))
      .returning()
    if (ended === undefined) return
    const { endpoint, runId, verdict } = ended
    const detail = { retrainId, runId, state, verdict, reason }
    const session = ended.looks.at(-1)?.through ?? ended.session
    await recordEndpointEvent(tx, { endpoint, key: `retrain/${retrainId}/end`, kind: 'retrain', session, detail })
    await tx.insert(audit).values({
      by,
      action: actionOf[state],
      subject: state === 'promoted' ? `endpoint/${endpoint}` : `retrain/${retrainId}`,
      commandId: retrainId,
      detail: { ...detail, evidence: ended.looks.at(-1) ?? null },
    })
    if (end.state === 'failed') await raiseAlert(tx, end.finding)
    if (state === 'promoted') await crown(tx, ended, session)
  })
}

const actionOf = { promoted: 'promote', 'not-promoted': 'refuse-promotion', failed: 'fail-retrain' } as const

async function crown(tx: Executor, { endpoint, challengerName, challengerVersion, deploymentId }: RetrainRow, verdict: string) {
  if (challengerName === null || challengerVersion === null || deploymentId === null) return
  const model = { name: challengerName, version: challengerVersion }
  await changeChampion(tx, { endpoint, model, after: verdict, deploymentId, reason: 'promoted' })
}
