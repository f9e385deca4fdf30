/** The demo on a stack of its own. Its figures are the data's: what is checked is that they fit together. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Page } from '../../cli/client.ts'
import type { DemoReport } from '../../cli/demo/report.ts'
import type { EndpointSpell } from '#contracts/deployments.ts'
import type { PredictionRecord } from '#contracts/predictions.ts'
import { reachesOut, readPage } from '../reports/read-page.ts'
import { System } from './system.ts'

let system: System
let report: DemoReport
let log: string

beforeAll(async () => {
  system = await System.create()
  const { code, stdout, stderr } = await system.run('demo', '--keep', '--json', 'out.json')
  expect(code, `${stdout}\n${stderr}`).toBe(0)
  log = stdout
  report = JSON.parse(await readFile(join(system.project, 'out.json'), 'utf8')) as DemoReport
}, 1_200_000)

afterAll(() => system.remove(), 60_000)

test('real bars become a snapshot and features', () => {
  expect(report.snapshot).toMatchObject({ symbols: 4, id: expect.stringMatching(/^[0-9a-f]{64}$/) })
  // 2000-03-01 to 2008-05-30 for three stocks, from 2004-08-19 for GOOG
  expect(report.snapshot.rows).toBeGreaterThan(7_000)
  expect(report.featureBuild.rows).toBe(report.snapshot.rows)
})

test('the training run was paused, lent its slot and went on from its checkpoint', () => {
  const { trainingRun, guest } = report
  expect(trainingRun.pausedSeconds).toBeGreaterThan(0)
  expect(trainingRun.resumedFromRound).toBeGreaterThan(0)
  expect(guest.runId).not.toBe(trainingRun.id)
  expect(guest.rounds).toBeGreaterThan(0)
})

test('the deployed version answers for every symbol, from the last session that landed', () => {
  expect(report.predictions.map((p) => p.symbol).sort()).toEqual(['AAPL', 'GOOG', 'IBM', 'MSFT'])
  for (const { session, value, modelVersion } of report.predictions) {
    expect(session).toBe('2008-05-30')
    expect(Number.isFinite(value)).toBe(true)
    expect(modelVersion).toBeGreaterThan(0)
  }
})

test('the gate refuses to register a model of the next-day return', () => {
  expect(report.refused.reason).not.toBe('')
})

describe('the replay', () => {
  test('releases every session of the exchange once, and says that its bars are real', () => {
    expect(report.replay).toMatchObject({ from: '2008-06-02', to: '2008-11-28', sessions: 127, predictions: 508 })
    const told = log.split('\n').filter((line) => /\b2008-(0[6-9]|1[01])-\d\d {2}/.test(line))
    expect(told.length).toBeGreaterThanOrEqual(126)
    expect(told.filter((line) => !line.includes('replay of real bars'))).toEqual([])
  })

  test('scores each session once, of every forecaster in play, but the last, whose outcome is not known', () => {
    const keys = report.scores.map(({ session, forecaster }) => `${session} ${forecaster}`)
    expect(new Set(keys).size).toBe(keys.length)
    const sessions = [...new Set(report.scores.map(({ session }) => session))]
    expect(sessions).toHaveLength(126)
    expect(sessions).not.toContain('2008-11-28')
    for (const { rows, loss } of report.scores) {
      expect(rows).toBe(4)
      expect(loss).toBeGreaterThanOrEqual(0)
    }
    const first = report.scores.filter(({ session }) => session === '2008-06-02').map(({ forecaster }) => forecaster)
    expect(first.sort()).toEqual([expect.stringMatching(/^persistence\/range-large-steps@/), expect.stringMatching(/^range-large-steps@/)])
  })

  test('is watched without a gap: the CUSUM looks at each session of its champion once', () => {
    const { decay, data } = report.drift
    for (const { points } of [...decay, ...data]) {
      const sessions = points.map(({ session }) => session)
      expect(sessions).toEqual([...new Set(sessions)].sort())
    }
    const watched = new Set(decay.flatMap(({ points }) => points.map(({ session }) => session)))
    expect(watched.size).toBe(126)
    expect(data.length).toBeGreaterThan(0)
  })

  test('has live predictions on every session, which can be found and traced', async () => {
    const { items } = await system.api<Page<PredictionRecord>>('GET', `/predictions?endpoint=${report.place.endpoint}&limit=200`)
    expect(items.length).toBe(200)
  })
})

describe('what the supervisor did', () => {
  test('each alarm of decay is a point that fired, and the other way round', () => {
    const fired = report.drift.decay.flatMap(({ points }) => points.filter((point) => point.fired))
    const alarms = report.alerts.filter(({ kind }) => kind === 'decay')
    // an alert stands at the session that was known when the loss was: one after the label's
    expect(alarms.length).toBe(fired.length)
    for (const point of fired) expect(point.statistic).toBeGreaterThan(point.threshold)
  })

  test('each retrain belongs to an alarm, one at a time, and its verdict is that of its last look', () => {
    const alarms = report.alerts.filter(({ kind }) => kind === 'decay').map(({ session }) => session)
    const sessions = report.retrain.map(({ session }) => session)
    expect(new Set(sessions).size).toBe(sessions.length)
    for (const { session, verdict, evidence, state, challenger, deploymentId } of report.retrain) {
      expect(alarms).toContain(session)
      for (const look of evidence) expect(look.through > session).toBe(true)
      const last = evidence.at(-1)
      expect(verdict ?? 'continue').toBe(last?.verdict ?? 'continue')
      if (verdict !== null) expect(challenger).not.toBeNull()
      expect(deploymentId !== null).toBe(verdict === 'better')
      if (state === 'promoted') expect(verdict).toBe('better')
    }
  })

  test('every alarm outside a cooldown has its retrain', () => {
    const sessions = [...new Set(report.scores.map(({ session }) => session))]
    const place = (session: string) => sessions.filter((s) => s < session).length
    let last = -Infinity
    const due = report.alerts
      .filter(({ kind }) => kind === 'decay')
      .map(({ session }) => session)
      .sort()
      .filter((session) => {
        const starts = place(session) - last > 40
        if (starts) last = place(session)
        return starts
      })
    expect(report.retrain.map(({ session }) => session)).toEqual(due)
  })

  test('a promotion is one that a verdict asked for, answered by both replicas and without a failure; none says why', () => {
    const { deploymentId, revision, reason, load, model, gates } = report.promotion
    const promoted = report.retrain.filter(({ state }) => state === 'promoted')
    if (deploymentId === null) {
      expect([promoted, revision, model]).toEqual([[], null, null])
      expect(reason).not.toBe('')
      return
    }
    expect(promoted.map((retrain) => retrain.deploymentId)).toContain(deploymentId)
    expect(revision).toBeGreaterThan(report.deployment.revision)
    expect(gates.length).toBeGreaterThan(0)
    expect(load).toMatchObject({ replicas: 2, failed: 0 })
    // old and new side by side, and nothing else
    expect(Object.keys(load!.versions).sort()).toEqual([expect.any(String), expect.any(String)])
    expect(Object.keys(load!.versions)).toContain(`${model!.name}@${model!.version}`)
    expect(Object.values(load!.versions).reduce((sum, count) => sum + count, 0)).toBe(load!.requests)
  })
})

test('the rollback takes the endpoint back while clients ask, and the same version is deployed again', async () => {
  const { rollback, place } = report
  expect(rollback.milliseconds).toBeGreaterThan(0)
  expect(rollback.load).toMatchObject({ replicas: 2, failed: 0 })
  const names = [rollback.from, rollback.to].map(({ name, version }) => `${name}@${version}`)
  expect(Object.keys(rollback.load.versions).sort()).toEqual(names.sort())
  const { items } = await system.api<Page<EndpointSpell>>('GET', `/endpoints/${place.endpoint}/history?limit=3`)
  expect(items.map(({ began, model }) => ({ began, model }))).toEqual([
    { began: 'activate', model: rollback.from },
    { began: 'rollback', model: rollback.to },
    { began: 'activate', model: rollback.from },
  ])
  expect(items[0]!.deploymentId).toBe(rollback.redeployment.deploymentId)
})

test('the trace of the version that answers in the end reaches the bars, and every hash and value holds', () => {
  const { trace, rollback } = report
  expect(trace.model).toEqual(rollback.from)
  expect(trace.deploymentId).toBe(rollback.redeployment.deploymentId)
  expect(trace.verified).toBe(true)
  expect(trace.featuresRecomputed).toBe(true)
  expect(trace.session).toBe('2008-11-28')
  expect(trace.recomputedValue).toBe(trace.recordedValue)
  expect(new Set(trace.links.map((link) => link.what))).toContain('snapshot-chunk')
})

test('the report is one page that needs nothing else, and so is that of a training run', async () => {
  expect(report.report).toBe(join(system.project, 'out.html'))
  await system.must('runs', 'report', report.guest.runId, '--out', 'run.html')
  for (const file of [report.report, join(system.project, 'run.html')]) {
    const page = readPage(await readFile(file, 'utf8'))
    expect(page.faults).toEqual([])
    expect(reachesOut(page)).toEqual([])
    expect(page.elements.filter(({ tagName }) => tagName === 'figure').length).toBeGreaterThan(1)
  }
})

test('an independent check of the database finds nothing', async () => {
  expect(await system.violations()).toEqual([])
})
