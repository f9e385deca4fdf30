/**
 * The planned looks at champion and challenger, by their session scores after the alarm. A look is made once: later
 * restatements of labels do not change what was decided.
 */
import type { ChallengeLook, Retrain } from '#contracts/supervision.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '#db/client.ts'
import { lockRetrain, recordLooks } from '#db/commands/record-looks.ts'
import { recordEndpointEvent } from '#db/commands/record-endpoint-event.ts'
import { findLanding, readScores, readSupervision } from '#db/queries/standing-panel.ts'
import { labelReach } from '#domain/features/definitions.ts'
import { lookAt, type PlannedLook, planLooks, sessionsOfLooks } from '#domain/monitoring/group-sequential.ts'
import { compareWithBaseline, type Contested, findBaselineAlert } from './compare-with-baseline.ts'
import { forecasterOf, persistenceOf } from './forecaster.ts'

export type Judgement = {
  looks: ChallengeLook[]
  verdict: Retrain['verdict']
  /** the session at whose landing the last look was due; null before the first */
  session: string | null
  /** at a verdict: whether the better of the two loses to persistence, and significantly so */
  worseThanBaseline: { significant: boolean } | null
}

/**
 * Makes the looks that are due. Doing it again makes none twice.
 * @throws QuantloopError not_found
 */
export async function judgeChallenger(db: Executor, { retrainId }: { retrainId: string }): Promise<Judgement> {
  return await db.transaction(async (tx) => {
    const retrain = await lockRetrain(tx, retrainId)
    if (retrain === undefined) throw new QuantloopError('not_found', `there is no retrain ${retrainId}`)
    const { endpoint } = retrain
    const row = await readSupervision(tx, endpoint)
    if (row === undefined) throw new QuantloopError('not_found', `the endpoint ${endpoint} is not supervised`, { endpoint })
    const reach = labelReach(row.label.expression)
    const plan = row.policy.challenge
    const looks = [...retrain.looks]
    let { verdict } = retrain

    const scores = await contestedSessions(tx, retrain)
    for (const due of sessionsOfLooks(plan).slice(looks.length)) {
      const judged = scores.slice(0, due)
      const through = judged.at(-1)?.session
      if (verdict !== null || judged.length < due || through === undefined) break
      const landed = await findLanding(tx, { endpoint, session: through, reach })
      if (landed === undefined) break
      const look = toLook(judged, reach, planLooks(plan))
      looks.push(look)
      await recordEndpointEvent(tx, {
        endpoint,
        key: `look/${retrainId}/${due}`,
        kind: 'look',
        session: landed,
        detail: { retrainId, ...look },
      })
      if (look.verdict === 'continue') continue
      verdict = look.verdict
      const detail = { retrainId, verdict, sessions: look.sessions, z: look.z, boundary: look.boundary, gain: look.gain }
      await recordEndpointEvent(tx, { endpoint, key: `verdict/${retrainId}`, kind: 'verdict', session: landed, detail })
      await compareWithBaseline(tx, { retrain, scores: judged, reach, session: landed })
    }
    await recordLooks(tx, retrainId, looks, verdict)
    const last = looks.at(-1)
    const session = last === undefined ? null : ((await findLanding(tx, { endpoint, session: last.through, reach })) ?? null)
    const worseThanBaseline = verdict === null || session === null ? null : await findBaselineAlert(tx, { endpoint, session, retrainId })
    return { looks, verdict, session, worseThanBaseline }
  })
}

/** Sessions after the alarm for which all three are scored, ascending; none before the challenger is there. */
async function contestedSessions(
  db: Executor,
  {
    endpoint,
    session: after,
    championName,
    championVersion,
    challengerName,
    challengerVersion,
  }: Omit<Parameters<typeof compareWithBaseline>[1]['retrain'], 'id'>,
): Promise<Contested[]> {
  if (challengerName === null || challengerVersion === null) return []
  const champion = { name: championName, version: championVersion }
  const lossesOf = async (forecaster: string) =>
    new Map((await readScores(db, { endpoint, forecaster, after })).map(({ session, loss }) => [session, loss]))
  const champions = await lossesOf(forecasterOf(champion))
  const naive = await lossesOf(persistenceOf(champion))
  const challengers = await lossesOf(forecasterOf({ name: challengerName, version: challengerVersion }))
  return [...challengers].flatMap(([session, challenger]) => {
    const [own, persistence] = [champions.get(session), naive.get(session)]
    return own === undefined || persistence === undefined ? [] : [{ session, challenger, champion: own, persistence }]
  })
}

function toLook(judged: readonly Contested[], reach: number, planned: readonly PlannedLook[]): ChallengeLook {
  const meanOf = (pick: (each: Contested) => number) => judged.reduce((sum, each) => sum + pick(each), 0) / judged.length
  return {
    ...lookAt(
      judged.map(({ champion, challenger }) => champion - challenger),
      reach,
      planned,
    ),
    through: judged.at(-1)!.session,
    challengerLoss: meanOf(({ challenger }) => challenger),
    championLoss: meanOf(({ champion }) => champion),
    persistenceLoss: meanOf(({ persistence }) => persistence),
  }
}
