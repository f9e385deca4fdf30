import { and, eq, isNull } from 'drizzle-orm'
import type { ChallengeLook, Retrain } from '#contracts/supervision.ts'
import type { Database } from '../client.ts'
import { audit, retrain } from '../schema.ts'
import { type Finding, raiseAlert } from './raise-alert.ts'
import { recordEndpointEvent } from './record-endpoint-event.ts'

export type Judgement = {
  retrainId: string
  looks: ChallengeLook[]
  verdict: Retrain['verdict']
  /** raised with the verdict */
  finding: Finding | null
  by: string
}

/**
 * What the looks said, and the verdict once one of them gave it, with its audit row. A verdict is given once: judging
 * again changes nothing.
 */
export async function recordJudgement(db: Database, { retrainId, looks, verdict, finding, by }: Judgement): Promise<void> {
  await db.transaction(async (tx) => {
    const [judged] = await tx
      .update(retrain)
      .set({ looks, verdict })
      .where(and(eq(retrain.id, retrainId), eq(retrain.state, 'challenging'), isNull(retrain.verdict)))
      .returning()
    if (judged === undefined) return
    const { endpoint } = judged
    for (const look of looks)
      await recordEndpointEvent(tx, {
        endpoint,
        key: `look/${retrainId}/${look.sessions}`,
        kind: 'look',
        session: look.through,
        detail: { retrainId, ...look },
      })
    const last = looks.at(-1)
    if (verdict === null || last === undefined) return
    const detail = { retrainId, verdict, champion: `${judged.championName}@${judged.championVersion}`, evidence: last }
    await recordEndpointEvent(tx, { endpoint, key: `verdict/${retrainId}`, kind: 'verdict', session: last.through, detail })
    await tx.insert(audit).values({ by, action: 'verdict', subject: `retrain/${retrainId}`, commandId: retrainId, detail })
    if (finding !== null) await raiseAlert(tx, finding)
  })
}
