import { derivedId } from '#contracts/derived-id.ts'
import type { Database } from '#db/client.ts'
import { recordVerdict } from '#db/commands/record-verdict.ts'
import { findRecipeOf, findRetrainRow } from '#db/queries/situation.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import { judgeChallenger } from '../supervision/judge-challenger.ts'
import { policyOf } from './policy.ts'

/**
 * Judges the challenger on the sessions that were scored so far, and writes a verdict into the audit in the same
 * transaction. False while the next look takes more sessions.
 */
export async function judge(db: Database, retrainId: string): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const row = await findRetrainRow(tx, retrainId)
    if (row === undefined || row.state !== 'challenging') return false
    const { looks, verdict, worseThanBaseline } = await judgeChallenger(tx, { retrainId })
    if (verdict !== null) {
      const supervision = await findSupervision(tx, row.endpoint)
      const champion = await findRecipeOf(tx, { name: row.championName, version: row.championVersion })
      const fallsBack =
        worseThanBaseline?.significant === true &&
        supervision?.policy.onWorseThanBaseline === 'fallback' &&
        champion?.model !== 'persistence'
      await recordVerdict(tx, { retrainId, by: policyOf(row.endpoint), fallback: fallsBack ? fallbackOf(retrainId) : null })
    }
    return looks.length > row.looks.length
  })
}

const fallbackOf = (retrainId: string) => ({
  runId: derivedId(`fallback of ${retrainId}`),
  deploymentId: derivedId(`rollout of the fallback of ${retrainId}`),
})
