import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditOf } from '#db/queries/training-run-evidence.ts'
import { audit, trainingProgress, trainingRun } from '#db/schema.ts'
import { reachesOut, readPage } from '#tests/reports/read-page.ts'
import { trainingRunStory } from '#tests/reports/stories.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await apiWorld()
  const { run, progress, fit, errors } = trainingRunStory
  const put = (value: unknown) => world.objects.put(Buffer.from(JSON.stringify(value)), 'json')
  const report = await put(fit)
  await world.db.insert(trainingRun).values({
    id: run.id,
    modelName: run.modelName,
    recipe: run.recipe,
    state: 'approved',
    fit: { onnx: report, report, parity: report, rounds: 82, iterationsExecuted: 82, resumedFromRound: 0 },
    evaluation: { ...run.evaluation!, sessionErrors: await put(errors) },
    requestedBy: 'researcher <b>of</b> ranges',
    bodySha256: 'f'.repeat(64),
  })
  await world.db.insert(trainingProgress).values(progress.map((point) => ({ ...point })))
  await world.db
    .insert(audit)
    .values({ by: 'approver', action: 'approve', subject: `training-run/${run.id}`, commandId: run.id, detail: { reason: 'it is good' } })
})
afterAll(() => world?.close())

const address = `GET /api/v1/training-runs/${trainingRunStory.run.id}/report`

test('a viewer gets a page of what is stored, which may load and run nothing', async () => {
  const { status, headers, text } = await world.ask(address, { key: world.keys.viewer })
  expect(status).toBe(200)
  expect(headers.get('content-type')).toMatch(/^text\/html; charset=UTF-8$/i)
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline';.* sandbox$/)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  const page = readPage(text)
  expect(page.faults).toEqual([])
  expect(reachesOut(page)).toEqual([])
  for (const told of ['researcher <b>of</b> ranges', 'it is good', 'Learning curve', 'Gain over persistence', 'range_5'])
    expect(page.text).toContain(told)
  expect((await world.ask(address)).text).toBe(text)
})

test('without the run there is no report', async () => {
  const { status, json } = await world.ask('GET /api/v1/training-runs/01985b7e-0000-7000-8000-000000000000/report')
  expect([status, json().code]).toEqual([404, 'not_found'])
})

test('an object that is not what the run says is a fault, not a page', async () => {
  const { run } = trainingRunStory
  const wrong = await world.objects.put(Buffer.from('{}'), 'json')
  await world.db.update(trainingRun).set({ evaluation: { ...run.evaluation!, sessionErrors: wrong } })
  expect((await world.ask(address)).json()).toMatchObject({ code: 'object_corrupt' })
})

test('the audit of several subjects comes in one order, oldest first', async () => {
  const { run } = trainingRunStory
  await world.db.insert(audit).values({ by: 'x', action: 'register', subject: 'model-version/range@1', commandId: run.id })
  const entries = await auditOf(world.db, ['model-version/range@1', `training-run/${run.id}`])
  expect(entries.map(({ action }) => action)).toEqual(['approve', 'register'])
})
