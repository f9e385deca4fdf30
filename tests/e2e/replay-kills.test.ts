/** A market that goes on while everything is killed: the supervisor ends with the verdicts of a quiet replay. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Dataset, Sync } from '#contracts/datasets.ts'
import type { Deployment } from '#contracts/deployments.ts'
import type { Alert, Monitor, MonitorPoint, Retrain, SessionScore, Supervision } from '#contracts/supervision.ts'
import { compareText } from '#domain/market/actions.ts'
import type { Page } from '../../cli/client.ts'
import { lastSession, largeSteps, policy, symbols } from '../../cli/demo/scenario.ts'
import { eventually, System } from './system.ts'
import { allReady, kill, type Victim } from './victims.ts'

/** It holds an alarm, the challenger's three looks, and its verdict. */
const through = '2008-08-15'
const lastLabelled = '2008-08-14'

/** In this order, one every few sessions: what the loop needs is met while it trains, looks and judges. */
const victims = ['orchestration', 'features', 'postgres', 'trainer', 'temporal', 'object-store', 'api', 'serving', 'supervisor'] as const
const sessionsBetweenKills = 5

let system: System

beforeAll(async () => {
  system = await System.create()
  await system.must('up', '--detach')
}, 120_000)

afterAll(() => system.remove(), 60_000)

const findDataset = (name: string) => system.api<Dataset>('GET', `/datasets/${name}`)
const sync = (name: string, connector: object) => system.api<Sync>('POST', `/datasets/${name}/sync`, { connector })
const all = async <T>(path: string) => (await system.api<Page<T>>('GET', path)).items

/** A dataset, a model and a supervised endpoint, all of this name. */
async function supervised(name: string): Promise<void> {
  await sync(name, { kind: 'sample', symbols, through: lastSession })
  await eventually(
    () => findDataset(name),
    (dataset) => dataset.lastSession === lastSession,
  )
  const run = await system.train(name, largeSteps(name))
  await eventually(
    () => system.findRun(run.id),
    ({ state }) => state === 'awaiting_approval',
  )
  await system.api('POST', `/training-runs/${run.id}/approve`, {})
  await eventually(
    () => system.findRun(run.id),
    ({ state }) => state === 'approved',
  )
  const { id } = await system.api<Deployment>('POST', '/deployments', { endpoint: name, model: { name, version: 1 } })
  await eventually(
    () => system.api<Deployment>('GET', `/deployments/${id}`),
    ({ state }) => state === 'active',
  )
  await system.api('PUT', `/endpoints/${name}/supervision`, { policy })
}

/** Releases session after session; `before` is called with the number of the one that comes next. */
async function replay(name: string, before: (session: number) => Promise<void>): Promise<void> {
  for (let session = 0; ; session++) {
    const known = (
      await eventually(
        () => findDataset(name),
        () => true,
      )
    ).lastSession
    if (known === through) return
    await before(session)
    // a request that died on its way is sent again; one that had arrived is joined, or has released the next session
    await eventually(
      async () => {
        if ((await findDataset(name)).lastSession === known) await sync(name, { kind: 'replay', source: 'sample', symbols, through })
        return await findDataset(name)
      },
      ({ lastSession: now }) => now !== known,
    )
  }
}

/** What the supervisor saw and decided, once it has nothing left to see. */
async function verdictsOf(name: string) {
  await eventually(
    async () => {
      const [supervision, retrains, monitors] = await Promise.all([
        system.api<Supervision>('GET', `/endpoints/${name}/supervision`),
        all<Retrain>(`/endpoints/${name}/retrains`),
        all<Monitor>(`/monitors?endpoint=${name}&kind=decay`),
      ])
      return { supervision, retrains, monitors }
    },
    ({ supervision, retrains, monitors }) =>
      supervision.processedThrough === through &&
      // the alarm of these sessions is followed by one, a moment after the session that raised it
      retrains.length > 0 &&
      retrains.every(({ endedAt }) => endedAt !== null) &&
      monitors.some(({ endedAt, session }) => endedAt === null && session === lastLabelled),
  )
  const [alerts, retrains, scores, monitors] = await Promise.all([
    all<Alert>(`/alerts?endpoint=${name}&limit=200`),
    all<Retrain>(`/endpoints/${name}/retrains`),
    all<SessionScore>(`/endpoints/${name}/scores?limit=200`),
    all<Monitor>(`/monitors?endpoint=${name}`),
  ])
  const points = await Promise.all(monitors.map(({ id }) => all<MonitorPoint>(`/monitors/${id}/points?limit=200`)))
  const verdicts = {
    alerts: alerts.map(({ kind, session, severity, summary }) => ({ kind, session, severity, summary })),
    retrains: retrains.map(({ trigger, session, state, verdict, looks, champion, challenger }) => ({
      trigger,
      session,
      state,
      verdict,
      looks,
      champion,
      challenger,
    })),
    scores,
    monitors: monitors.map(({ kind, model, after, threshold }, index) => ({ kind, model, after, threshold, points: points[index] })),
  }
  const anonymous = JSON.parse(JSON.stringify(verdicts).replaceAll(name, 'it')) as typeof verdicts
  // the API lists a session's scores by the forecaster's name, which held this one
  return { ...anonymous, scores: anonymous.scores.toSorted((a, b) => compareText(placeOf(a), placeOf(b))) }
}

const placeOf = ({ session, forecaster }: SessionScore) => `${session} ${forecaster}`

test('killed -9 one after the other, the replay scores, alarms, trains and judges as a quiet one does', async () => {
  await supervised('quiet')
  await replay('quiet', async () => {})
  const quiet = await verdictsOf('quiet')
  // the retrain and its looks are what a kill could change
  expect(quiet.retrains.length).toBeGreaterThan(0)
  expect(quiet.retrains.flatMap(({ looks }) => looks).length).toBeGreaterThan(0)

  await supervised('killed')
  const left: Victim[] = [...victims]
  await replay('killed', async (session) => {
    if (session % sessionsBetweenKills !== sessionsBetweenKills - 1) return
    const victim = left.shift()
    if (victim === undefined) return
    // the one before is back first, for a supervisor that has just been killed restarts nobody
    await allReady(system)
    await kill(system, victim)
  })
  expect(left).toEqual([])
  await allReady(system)
  expect(await verdictsOf('killed')).toEqual(quiet)
  expect(await system.violations()).toEqual([])
}, 900_000)
