import { randomUUID } from 'node:crypto'
import { WorkflowNotFoundError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { FeatureBuild } from '#contracts/features.ts'
import { Deployment } from '#contracts/deployments.ts'
import { Sync } from '#contracts/datasets.ts'
import { TrainingRun } from '#contracts/training.ts'
import { deploymentWorkflowId, featuresWorkflowId, syncWorkflowId, trainingWorkflowId } from '#contracts/ids.ts'
import { idempotencyKey } from '#db/schema.ts'
import { definitionHash } from '#domain/features/definitions.ts'
import { knownFeatureSet } from '#domain/features/feature-sets.ts'
import { sha256Of } from '#tests/support/model-version.ts'
import { apiWorld, type ApiWorld, furnish, trainBody } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await apiWorld()
  await furnish(world)
})
afterAll(() => world?.close())

const post = (path: string, body: unknown, key: string, as: 'operator' | 'admin' = 'operator') =>
  world.ask(`POST /api/v1${path}`, { body, key: world.keys[as], headers: { 'idempotency-key': key } })

async function workflowIds(type: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of world.temporal.client.workflow.list({ query: `WorkflowType = '${type}'` })) ids.push(workflowId)
  return ids
}

const describeWorkflow = (workflowId: string) => world.temporal.client.workflow.getHandle(workflowId).describe()

const label = { expression: 'Ref($close,-1)/$close-1' }
/** address, workflow type, a body, another body, what is answered, and the workflow that a body belongs to */
const starts: [string, string, object, object, z.ZodType<{ id: string }>, (answer: any, body: any) => string][] = [
  ['/training-runs', 'trainModel', trainBody, { ...trainBody, seed: 1 }, TrainingRun, ({ id }) => trainingWorkflowId(id)],
  [
    '/deployments',
    'deployModel',
    { endpoint: 'range', model: { name: 'range-lightgbm', version: 1 } },
    { endpoint: 'other', model: { name: 'range-lightgbm', version: 1 } },
    Deployment,
    ({ id }, { endpoint }) => deploymentWorkflowId(endpoint, id),
  ],
  [
    '/feature-builds',
    'buildFeatures',
    { dataset: 'us-daily', features: 'technical', label },
    { dataset: 'us-daily', features: 'technical', label: { expression: 'Ref($close,-5)/$close-1' } },
    FeatureBuild,
    ({ snapshotId }, body) =>
      featuresWorkflowId(definitionHash(knownFeatureSet('technical'), { kind: 'time-series', ...body.label }), snapshotId),
  ],
  [
    '/datasets/fresh/sync',
    'syncMarketData',
    { connector: { kind: 'sample', symbols: ['AAPL'] } },
    { connector: { kind: 'sample', symbols: ['IBM'] } },
    Sync,
    () => syncWorkflowId('fresh'),
  ],
]

describe.each(starts)('POST %s with an Idempotency-Key', (path, type, body, other, schema, workflowOf) => {
  test('raced twenty times starts one workflow and answers the same run twenty times', async () => {
    const key = randomUUID()
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(path, body, key)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect(new Set(answers.map((answer) => schema.parse(answer.json()).id)).size).toBe(1)
    await expect.poll(() => workflowIds(type)).toHaveLength(1)

    const again = await post(path, body, key)
    expect([again.status, again.json().id]).toEqual([202, answers[0]!.json().id])
  })

  test('is refused with another body, and then starts nothing', async () => {
    const key = randomUUID()
    const first = await post(path, body, key)
    expect(first.status).toBe(202)
    const answer = await post(path, other, key)
    expect([answer.status, answer.json().code]).toEqual([422, 'idempotency_key_reused'])
    expect((await describeWorkflow(workflowOf(first.json(), body))).memo).toMatchObject({
      bodySha256: sha256Of(Buffer.from(canonicalJson(body))),
    })
    // the other body may belong to the same workflow, which then still holds the first one's hash
    const others = workflowOf(first.json(), other)
    if (others !== workflowOf(first.json(), body)) await expect(describeWorkflow(others)).rejects.toThrow(WorkflowNotFoundError)
  })
})

describe('a key', () => {
  test('does not mind the order of fields or white space', async () => {
    const reordered = Object.fromEntries(Object.entries(trainBody).reverse())
    const key = randomUUID()
    const first = await post('/training-runs', trainBody, key)
    const second = await world.ask('POST /api/v1/training-runs', {
      raw: JSON.stringify(reordered, null, 4),
      key: world.keys.operator,
      headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    })
    expect(second.json().id).toBe(first.json().id)
  })

  test('belongs to who sent it and to where it was sent', async () => {
    const key = randomUUID()
    const ids = [
      (await post('/training-runs', trainBody, key)).json().id,
      (await post('/training-runs', trainBody, key, 'admin')).json().id,
      (await post('/deployments', { endpoint: 'third', model: { name: 'range-lightgbm', version: 1 } }, key)).json().id,
    ]
    expect(new Set(ids).size).toBe(3)
  })

  test('of a request that was refused can be used again', async () => {
    const key = randomUUID()
    expect((await post('/training-runs', { ...trainBody, dataset: 'nothing-here' }, key)).status).toBe(404)
    expect((await post('/training-runs', trainBody, key)).status).toBe(202)
  })

  test.each(['', 'a b', 'x'.repeat(201)])('must be 1 to 200 visible characters: %j', async (key) => {
    expect((await post('/training-runs', trainBody, key)).status).toBe(422)
  })

  test('is not needed: without one each request is its own', async () => {
    const claimed = (await world.db.select().from(idempotencyKey)).length
    const first = await world.ask('POST /api/v1/training-runs', { body: trainBody })
    const second = await world.ask('POST /api/v1/training-runs', { body: trainBody })
    expect([first.status, second.status]).toEqual([202, 202])
    expect(first.json().id).not.toBe(second.json().id)
    expect(await world.db.select().from(idempotencyKey)).toHaveLength(claimed)
  })
})

describe('a run that has no row yet', () => {
  test('is answered from its workflow', async () => {
    const started = (await post('/training-runs', trainBody, randomUUID())).json()
    const found = await world.ask(`GET /api/v1/training-runs/${started.id}`)
    expect(found.status).toBe(200)
    const run = TrainingRun.parse(found.json())
    expect(run).toMatchObject({ id: started.id, state: 'running', step: 'start', modelName: 'range-lightgbm', requestedBy: 'operator' })
    expect(run.recipe.params).toMatchObject({ learning_rate: 0.05, num_leaves: 7, min_data_in_leaf: 50, lambda_l2: 10 })
    expect((await world.ask(`GET /api/v1/training-runs/${started.id}/progress`)).json()).toEqual({ items: [], nextCursor: null })
  })

  test('whose workflow was terminated is answered as stopped', async () => {
    const { id } = (await post('/training-runs', trainBody, randomUUID())).json()
    await world.temporal.client.workflow.getHandle(trainingWorkflowId(id)).terminate('by the test')
    expect((await world.ask(`GET /api/v1/training-runs/${id}`)).json().state).toBe('stopped')
  })

  test.each(starts.slice(1))('at %s is found too', async (path, type, body, _, schema) => {
    const started = (await post(path, body, randomUUID())).json()
    await expect.poll(async () => (await workflowIds(type)).length).toBeGreaterThan(0)
    const address = type === 'syncMarketData' ? `/datasets/fresh/syncs/${started.id}` : `${path}/${started.id}`
    await expect.poll(async () => (await world.ask(`GET /api/v1${address}`)).status).toBe(200)
    expect(schema.parse((await world.ask(`GET /api/v1${address}`)).json())).toMatchObject({
      id: started.id,
      state: 'running',
      step: 'start',
    })
  })
})

describe('a request that cannot pass', () => {
  test.each([
    ['a dataset that is not there', { ...trainBody, dataset: 'nothing-here' }, 404, 'not_found'],
    ['a feature set that is not there', { ...trainBody, features: 'tecnical' }, 404, 'not_found'],
    ['a label that cannot be read', { ...trainBody, label: { expression: 'Log($high' } }, 422, 'expression_invalid'],
    ['a label that is known already', { ...trainBody, label: { expression: '$close' } }, 422, 'expression_invalid'],
    ['a column that bars lack', { ...trainBody, label: { expression: 'Ref($closse,-1)' } }, 422, 'feature_column_absent'],
    ['a snapshot of no dataset', { ...trainBody, snapshotId: 'a'.repeat(64) }, 404, 'snapshot_not_found'],
    [
      'a range that ends before it begins',
      { ...trainBody, segments: { ...trainBody.segments, test: { from: '2008-01-02', to: '2007-01-03' } } },
      422,
      'invalid_request',
    ],
  ])('with %s starts nothing', async (_, body, status, code) => {
    const claimed = (await world.db.select().from(idempotencyKey)).length
    const answer = await post('/training-runs', body, randomUUID())
    expect([answer.status, answer.json().code], answer.text).toEqual([status, code])
    // a key is claimed before its workflow is started
    expect(await world.db.select().from(idempotencyKey)).toHaveLength(claimed)
  })

  test('with a model version that is not there starts no deployment', async () => {
    const answer = await post('/deployments', { endpoint: 'range', model: { name: 'range-lightgbm', version: 9 } }, randomUUID())
    expect([answer.status, answer.json().detail]).toEqual([404, 'there is no model version range-lightgbm@9'])
  })

  test('from elsewhere waits for the sync that runs', async () => {
    await post('/datasets/busy/sync', { connector: { kind: 'sample', symbols: ['AAPL'] } }, randomUUID())
    const same = await post('/datasets/busy/sync', { connector: { symbols: ['AAPL'], kind: 'sample' } }, randomUUID())
    expect(same.status).toBe(202)
    const other = await post('/datasets/busy/sync', { connector: { kind: 'sample', symbols: ['IBM'] } }, randomUUID())
    expect([other.status, other.json().code, other.json().place.sync]).toEqual([409, 'conflict', same.json().id])
  })
})
