import { asc, eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { judgeChallenger } from '#activities/supervision/judge-challenger.ts'
import { alert, endpointEvent, retrain, sessionScore } from '#db/schema.ts'
import { lookAt, planLooks } from '#domain/monitoring/group-sequential.ts'
import { recordEndpointEvent } from '#db/commands/record-endpoint-event.ts'
import { randomNumbers } from '#tests/support/bars.ts'
import { begin, endpoint, sessions, type SupervisedWorld, supervisedWorld } from './world.ts'

const challenge = { firstLook: 10, lookEvery: 10, lastLook: 30, alpha: 0.05 }
const alarm = begin - 1

let world: SupervisedWorld
let id: string
beforeEach(async () => {
  world = await supervisedWorld()
  await world.supervise({ challenge })
  id = await world.openRetrain(sessions[alarm]!, { challengerName: 'walk', challengerVersion: 2, state: 'challenging' })
})
afterEach(() => world.close())

type Losses = { champion: number; challenger: number; persistence: number }

/** Session scores after the alarm, and the landings that made them known. */
async function score(from: number, to: number, losses: (session: number) => Losses): Promise<void> {
  for (let at = from; at <= to; at++) {
    const { champion, challenger, persistence } = losses(at)
    const session = sessions[alarm + at]!
    const row = { endpoint, session, bias: 0, rows: 3, labelRevisions: 3 }
    await world.db.insert(sessionScore).values([
      { ...row, forecaster: 'walk@1', loss: champion },
      { ...row, forecaster: 'walk@2', loss: challenger },
      { ...row, forecaster: 'persistence/walk@1', loss: persistence },
    ])
    await land(at + 1)
  }
}

const land = (at: number) =>
  recordEndpointEvent(world.db, {
    endpoint,
    key: `session/${sessions[alarm + at]}`,
    kind: 'session',
    session: sessions[alarm + at]!,
    detail: {},
  })
const judge = () => judgeChallenger(world.db, { retrainId: id })
const wave = (at: number) => 0.02 * Math.sin(5 * at)
const eventsOf = async () =>
  (await world.db.select().from(endpointEvent).orderBy(asc(endpointEvent.sequence))).filter(({ kind }) => kind !== 'session')

test('looks are made at the planned sessions only, once, and a clear gain ends them', async () => {
  const losses = (at: number) => ({ champion: 0.3 + wave(at), challenger: 0.1 + wave(at * at), persistence: 0.5 })
  await score(1, 9, losses)
  expect(await judge()).toEqual({ looks: [], verdict: null, session: null, worseThanBaseline: null })
  await score(10, 14, losses)
  const first = await judge()
  const gains = Array.from({ length: 10 }, (_, index) => losses(index + 1).champion - losses(index + 1).challenger)
  expect(first.looks).toMatchObject([{ ...lookAt(gains, 1, planLooks(challenge)), through: sessions[alarm + 10], persistenceLoss: 0.5 }])
  expect(first.looks[0]!.championLoss - first.looks[0]!.challengerLoss).toBeCloseTo(first.looks[0]!.gain, 12)
  expect(first).toMatchObject({ verdict: 'better', session: sessions[alarm + 11], worseThanBaseline: null })

  await score(15, 35, losses)
  expect(await judge()).toEqual(first)
  const [row] = await world.db.select().from(retrain).where(eq(retrain.id, id))
  expect(row).toMatchObject({ looks: first.looks, verdict: 'better' })
  expect(await eventsOf()).toMatchObject([
    { kind: 'look', key: `look/${id}/10`, session: sessions[alarm + 11], detail: { sessions: 10, verdict: 'better' } },
    { kind: 'verdict', key: `verdict/${id}`, session: sessions[alarm + 11], detail: { verdict: 'better' } },
  ])
  expect(await world.db.select().from(alert)).toEqual([])
})

test('late or in time, the looks are the same; at the last one nobody is better', async () => {
  const random = randomNumbers(4)
  const noise = Array.from({ length: 40 }, () => 0.1 * random())
  const losses = (at: number) => ({ champion: 0.2 + noise[at]!, challenger: 0.2 + noise[39 - at]!, persistence: 0.9 })
  await score(1, 35, losses)
  const atOnce = await judge()
  expect(atOnce.looks.map(({ sessions: count, verdict }) => [count, verdict])).toEqual([
    [10, 'continue'],
    [20, 'continue'],
    [30, 'inconclusive'],
  ])
  expect(atOnce).toMatchObject({ verdict: 'inconclusive', session: sessions[alarm + 31], worseThanBaseline: null })
  await world.close()

  world = await supervisedWorld()
  await world.supervise({ challenge })
  id = await world.openRetrain(sessions[alarm]!, { challengerName: 'walk', challengerVersion: 2, state: 'challenging' })
  for (let at = 1; at <= 35; at++) {
    await score(at, at, losses)
    await judge()
  }
  expect(await judge()).toEqual(atOnce)
})

test('sessions without a score are not counted, nor those up to the alarm, nor any while the challenger is missing', async () => {
  const losses = { champion: 0.2, challenger: 0.2, persistence: 0.9 }
  await score(-5, 0, () => losses)
  await score(1, 5, () => losses)
  // nothing was known of the sixth
  await score(7, 10, () => losses)
  expect((await judge()).looks).toEqual([])
  await world.db.update(retrain).set({ challengerName: null, challengerVersion: null })
  await score(11, 11, () => losses)
  expect((await judge()).looks).toEqual([])
  await world.db.update(retrain).set({ challengerName: 'walk', challengerVersion: 2 })
  expect((await judge()).looks).toMatchObject([{ sessions: 10, through: sessions[alarm + 11], t: null, verdict: 'continue' }])
})

test.each([
  ['critical', 0.05, true],
  ['warning', 0.298, false],
] as const)('the better of the two loses to persistence: an alert, %s', async (severity, persistence, significant) => {
  const random = randomNumbers(9)
  const noise = Array.from({ length: 100 }, () => 0.1 * (random() - 0.5))
  await score(1, 31, (at) => ({ champion: 0.9, challenger: 0.3 + noise[at]!, persistence: persistence + noise[99 - at]! }))
  const judged = await judge()
  expect(judged).toMatchObject({ verdict: 'better', worseThanBaseline: { significant } })
  const [row] = await world.db.select().from(alert)
  expect(row).toMatchObject({
    kind: 'worse-than-baseline',
    severity,
    session: judged.session,
    evidence: { model: 'walk@2', retrainId: id, significant },
  })
  expect(row!.summary).toMatch(
    /^walk@2, the better of champion and challenger, loses to persistence over \d+ sessions: 0\.\d+ against 0\.\d+/,
  )
  expect(await judge()).toEqual(judged)
  expect(await world.db.select().from(alert)).toHaveLength(1)
})

test('judged by five at once, each look is one event', async () => {
  await score(1, 31, (at) => ({ champion: 0.3 + wave(at), challenger: 0.3 + wave(at + 3), persistence: 0.9 }))
  const answers = await Promise.all([1, 2, 3, 4, 5].map(judge))
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect((await eventsOf()).map(({ kind }) => kind)).toEqual(['look', 'look', 'look', 'verdict'])
  await expect(judgeChallenger(world.db, { retrainId: crypto.randomUUID() })).rejects.toMatchObject({ code: 'not_found' })
})
