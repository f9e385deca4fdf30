/** One run told what to do from every place that a person may stand in: API, command line, Temporal UI. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { smallSteps } from '../../cli/demo/scenario.ts'
import type { Sync } from '#contracts/datasets.ts'
import type { TrainingRun } from '#contracts/training.ts'
import { eventually, System } from './system.ts'

const recipe = smallSteps('us-daily')
let system: System
let runId: string

beforeAll(async () => {
  system = await System.create()
  await system.must('up', '--detach')
  const sync = await system.api<Sync>('POST', '/datasets/us-daily/sync', { connector: { kind: 'sample' } })
  await eventually(
    () => system.api<Sync>('GET', `/datasets/us-daily/syncs/${sync.id}`),
    (s) => s.state === 'landed',
  )
  runId = (await system.train('range', recipe)).id
}, 300_000)

afterAll(() => system.remove(), 60_000)

const inState = (state: TrainingRun['state']) =>
  eventually(
    () => system.findRun(runId),
    (run) => run.state === state,
  )

const progressed = async () => {
  const before = await system.newestStep(runId)
  return eventually(
    () => system.newestStep(runId),
    (step) => step > before,
  )
}

/** As the Temporal UI shows it: the id of an activity that is under way. */
async function pendingActivity(type: string): Promise<string> {
  type Description = { pendingActivities?: { activityId: string; activityType: { name: string } }[] }
  const described = await system.temporal('workflow', 'describe', '--workflow-id', `train/${runId}`, '--output', 'json')
  const { pendingActivities = [] } = JSON.parse(described) as Description
  const found = pendingActivities.find(({ activityType }) => activityType.name === type)
  if (found === undefined) throw new Error(`no ${type} is under way: ${described}`)
  return found.activityId
}

test('paused and resumed through the API', async () => {
  await progressed()
  await system.api('POST', `/training-runs/${runId}/pause`, {})
  await inState('paused')
  await system.api('POST', `/training-runs/${runId}/resume`, {})
  await inState('running')
}, 120_000)

test('paused and resumed by the command', async () => {
  await progressed()
  await system.must('runs', 'pause', runId)
  await inState('paused')
  await system.must('runs', 'resume', runId)
  await inState('running')
}, 120_000)

test('paused and resumed by signals from the Temporal UI', async () => {
  await progressed()
  await system.temporal('workflow', 'signal', '--workflow-id', `train/${runId}`, '--name', 'pause')
  await inState('paused')
  await system.temporal('workflow', 'signal', '--workflow-id', `train/${runId}`, '--name', 'resume')
  await inState('running')
}, 120_000)

test("paused by Temporal's own activity pause, resumed by our command", async () => {
  await progressed()
  await system.temporal('activity', 'pause', '--workflow-id', `train/${runId}`, '--activity-id', await pendingActivity('fitModel'))
  const paused = await inState('paused')
  expect(paused.endedAt).toBeNull()
  await system.must('runs', 'resume', runId)
  await inState('running')
}, 120_000)

test('approved by a signal from the Temporal UI, once', async () => {
  await inState('awaiting_approval')
  await system.temporal('workflow', 'signal', '--workflow-id', `train/${runId}`, '--name', 'approve')
  const run = await inState('approved')
  expect(run.modelVersion).toBe(1)
  await expect(system.api('POST', `/training-runs/${runId}/reject`, {})).rejects.toThrow('already_decided')
}, 240_000)

test('cancelled in the Temporal UI, a run is stopped', async () => {
  const run = await system.train('range', { ...recipe, seed: 11 })
  await eventually(
    () => system.newestStep(run.id),
    (step) => step > 0,
  )
  await system.temporal('workflow', 'cancel', '--workflow-id', `train/${run.id}`)
  const stopped = await eventually(
    () => system.findRun(run.id),
    (r) => r.endedAt !== null,
  )
  expect(stopped.state).toBe('stopped')
}, 120_000)

test('bars without an adjusted close are held at a jump that nothing explains, until a person approves', async () => {
  const rows = ['date,symbol,open,high,low,close,volume']
  for (let day = 3; day <= 28; day++) {
    const price = day < 15 ? 100 : 48
    rows.push(`2005-03-${String(day).padStart(2, '0')},JUMP,${price},${price + 1},${price - 1},${price},1000`)
  }
  rows.push('2005-03-29,JUMP,50,40,60,50,1000')
  await writeFile(join(system.project, 'jump.csv'), rows.join('\n'))
  await system.run('data', 'import', 'jumps', 'jump.csv', '--format', 'csv')
  const held = await eventually(
    () => system.api<{ items: Sync[] }>('GET', '/datasets/jumps/syncs'),
    ({ items }) => items[0]?.state === 'held',
  )
  expect(held.items[0]?.jumps).toMatchObject([{ symbol: 'JUMP', session: '2005-03-15' }])
  expect(held.items[0]?.quarantined).toBe(1)
  await system.must('data', 'approve', 'jumps')
  const landed = await eventually(
    () => system.api<{ items: Sync[] }>('GET', '/datasets/jumps/syncs'),
    ({ items }) => items[0]?.state === 'landed',
  )
  expect(landed.items[0]?.rows).toBe(26)
}, 120_000)

test('an independent check of the database finds nothing', async () => {
  expect(await system.violations()).toEqual([])
})
