/** What was known at a time, asked for by HTTP. No worker runs: what matters is what would be started. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { featuresWorkflowId, trainingWorkflowId } from '#contracts/ids.ts'
import { apiWorld, type ApiWorld, furnish, trainBody } from './world.ts'

let world: ApiWorld
let snapshotId: string
beforeAll(async () => {
  world = await apiWorld({ clock: () => new Date('2026-01-05T10:00:00Z') })
  snapshotId = (await furnish(world)).snapshot.id
})
afterAll(() => world?.close())

const label = { expression: 'Ref($close,-1)/$close-1' }
const build = (fields: Record<string, unknown>) =>
  world.ask('POST /api/v1/feature-builds', { body: { dataset: 'us-daily', features: 'technical', label, ...fields } })

test('a build has its time in UTC, in its row, its workflow and its id', async () => {
  const answer = await build({ asOf: '2007-02-01T00:00:00+02:00' })
  expect(answer.status, answer.text).toBe(202)
  const { id, definitionHash, asOf } = answer.json()
  expect([answer.json().snapshotId, asOf]).toEqual([snapshotId, '2007-01-31T22:00:00.000Z'])
  const workflowId = featuresWorkflowId(definitionHash, snapshotId, '2007-01-31T22:00:00.000Z')
  expect((await world.temporal.client.workflow.getHandle(workflowId).describe()).memo).toMatchObject({ id })
  // the same instant in other words is the same build
  expect((await build({ asOf: '2007-01-31T22:00:00Z' })).json().id).toBe(id)
  expect((await build({})).json()).toMatchObject({ asOf: null, definitionHash })
  expect((await build({})).json().id).not.toBe(id)
  expect((await world.ask(`GET /api/v1/feature-builds/${id}`)).json().asOf).toBe(asOf)
})

test('a training run names it, and reads the snapshot of that time', async () => {
  const answer = await world.ask('POST /api/v1/training-runs', { body: { ...trainBody, asOf: '2007-02-01T00:00:00Z' } })
  expect(answer.status, answer.text).toBe(202)
  expect(answer.json()).toMatchObject({ asOf: '2007-02-01T00:00:00.000Z', snapshotId })
  const { memo } = await world.temporal.client.workflow.getHandle(trainingWorkflowId(answer.json().id)).describe()
  expect(memo).toMatchObject({ input: { asOf: '2007-02-01T00:00:00.000Z', snapshotId } })
})

test('the future is not settled, and is refused', async () => {
  for (const answer of [
    await build({ asOf: '2026-01-05T10:00:00.001Z' }),
    await world.ask('POST /api/v1/training-runs', { body: { ...trainBody, asOf: '2027-01-01T00:00:00Z' } }),
  ])
    expect([answer.status, answer.json().code, answer.json().detail]).toEqual([422, 'invalid_request', expect.stringContaining('future')])
  expect((await build({ asOf: '2026-01-05T10:00:00Z' })).status).toBe(202)
  expect((await build({ asOf: 'yesterday' })).status).toBe(422)
})

test('a dataset or snapshot that is not there is told as ever', async () => {
  expect((await build({ asOf: '2007-02-01T00:00:00Z', dataset: 'nothing-here' })).json().code).toBe('not_found')
  expect((await build({ asOf: '2007-02-01T00:00:00Z', snapshotId: 'f'.repeat(64) })).json().code).toBe('snapshot_not_found')
})
