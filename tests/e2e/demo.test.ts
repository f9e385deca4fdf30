import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DemoReport } from '../../cli/demo/report.ts'
import { System } from './system.ts'

let system: System
let report: DemoReport

beforeAll(async () => {
  system = await System.create()
  const { code, stdout, stderr } = await system.run('demo', '--keep', '--json', 'out.json')
  expect(code, `${stdout}\n${stderr}`).toBe(0)
  report = JSON.parse(await readFile(join(system.project, 'out.json'), 'utf8')) as DemoReport
}, 300_000)

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

test('the trace reaches the bars, and every hash and value holds', () => {
  expect(report.trace.verified).toBe(true)
  expect(report.trace.featuresRecomputed).toBe(true)
  expect(report.trace.snapshotId).toBe(report.snapshot.id)
  expect(report.trace.onnxSha256).toBe(report.trainingRun.onnxSha256)
  expect(report.trace.recomputedValue).toBe(report.trace.recordedValue)
  expect(new Set(report.trace.links.map((link) => link.what))).toContain('snapshot-chunk')
})

test('the gate refuses to register a model of the next-day return', () => {
  expect(report.refused.reason).not.toBe('')
})

test('an independent check of the database finds nothing', async () => {
  expect(await system.violations()).toEqual([])
})
