/** Builds, standing builds and training runs with a universe, by HTTP. No worker runs: what matters is what would be started. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { featuresWorkflowId, trainingWorkflowId } from '#contracts/ids.ts'
import { dataset as datasets } from '#db/schema.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { apiWorld, type ApiWorld, trainBody } from './world.ts'

let world: ApiWorld
let snapshotId: string
beforeAll(async () => {
  world = await apiWorld()
  const spans = [{ symbol: 'AAA', from: '2007-01-02', to: '2099-12-31' }]
  const universes = ['csi300', 'csi500'].map((name) => ({ name, spans }))
  ;({ id: snapshotId } = await landSnapshot(world, 'index', [walkBars('AAA', 40, 1), walkBars('BBB', 40, 2)], [], universes))
  await world.db.update(datasets).set({ headSnapshotId: snapshotId }).where(eq(datasets.name, 'index'))
})
afterAll(() => world?.close())

const label = { expression: 'Ref($close,-1)/$close-1' }
const build = (fields: Record<string, unknown>) =>
  world.ask('POST /api/v1/feature-builds', { body: { dataset: 'index', features: 'technical', label, ...fields } })
const memoOf = async (workflowId: string) => (await world.temporal.client.workflow.getHandle(workflowId).describe()).memo

test('a build has its universe in its definition, its id and its input; one of all symbols has none', async () => {
  const [plain, large, small] = [await build({}), await build({ universe: 'csi300' }), await build({ universe: 'csi500' })]
  expect([plain, large, small].map(({ status }) => status)).toEqual([202, 202, 202])
  for (const of of ['id', 'definitionHash']) expect(new Set([plain, large, small].map((each) => each.json()[of])).size).toBe(3)
  expect(plain.json().featureSet).toEqual({ name: 'technical', version: 1, absent: [] })
  expect(large.json().featureSet).toEqual({ name: 'technical', version: 1, absent: [], universe: 'csi300' })
  const { id, definitionHash } = large.json()
  expect(await memoOf(featuresWorkflowId(definitionHash, snapshotId))).toMatchObject({ id, input: { featureSet: { universe: 'csi300' } } })
  expect((await world.ask(`GET /api/v1/feature-builds/${id}`)).json().featureSet.universe).toBe('csi300')
  // a name that cannot be one, and what is there of another snapshot
  expect((await build({ universe: '../all' })).status).toBe(422)
})

test('a training run has it in its recipe', async () => {
  const answer = await world.ask('POST /api/v1/training-runs', { body: { ...trainBody, dataset: 'index', universe: 'csi300' } })
  expect(answer.status, answer.text).toBe(202)
  expect(answer.json().recipe).toMatchObject({ dataset: 'index', universe: 'csi300' })
  expect(await memoOf(trainingWorkflowId(answer.json().id))).toMatchObject({ input: { recipe: { universe: 'csi300' } } })
})

test('one that the snapshot has not is told with those near, and all there are', async () => {
  const unknown = [
    await build({ universe: 'csi30' }),
    await world.ask('POST /api/v1/training-runs', { body: { ...trainBody, dataset: 'index', universe: 'csi30' } }),
    await world.ask('POST /api/v1/datasets/index/standing-builds', { body: { features: 'technical', label, universe: 'csi30' } }),
  ]
  for (const answer of unknown)
    expect([answer.status, answer.json()]).toEqual([
      404,
      expect.objectContaining({
        code: 'not_found',
        detail: `the snapshot ${snapshotId} has no universe csi30: did you mean csi300 or csi500? There are: csi300, csi500`,
      }),
    ])
})

test('what is known of a set is asked for by universe', async () => {
  for (const path of ['', '/statistics', '/report']) {
    const answer = await world.ask(`GET /api/v1/datasets/index/features/technical${path}?universe=csi300`)
    expect([answer.status, answer.json().detail]).toEqual([404, expect.stringContaining('over the universe csi300 of index is ready')])
  }
})
