/** Feature sets that follow a dataset, with the real worker behind the API: a landing starts them. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStandingBuilds } from '#activities/datasets/start-standing-builds.ts'
import { largeSteps } from '#cli/demo/scenario.ts'
import type { SyncInput } from '#contracts/datasets.ts'
import { featuresWorkflowId, syncWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { dataset as datasets, featureBuild, standingBuild } from '#db/schema.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let endWorker: () => Promise<void>
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  endWorker = await runOrchestration(world)
})
afterAll(async () => {
  await endWorker?.()
  await world?.close()
})

const body = { features: 'technical', label: { expression: 'Ref($close,-1)/$close-1' } }
const path = (name: string) => `/api/v1/datasets/${name}/standing-builds`
const buildsOf = (name: string) => world.db.select().from(featureBuild).where(eq(featureBuild.dataset, name))

async function sync(dataset: string, through: string): Promise<string> {
  const connector = { kind: 'sample' as const, symbols: ['IBM'], through }
  const input: SyncInput = { syncId: randomUUID(), dataset, connector, origin: { by: 'tests', bodySha256: '0'.repeat(64) } }
  const result = await world.temporal.client.workflow.execute('syncMarketData', {
    workflowId: syncWorkflowId(dataset),
    taskQueue: taskQueues.orchestration,
    args: [input],
  })
  expect(result).toMatchObject({ state: 'landed' })
  return (result as { snapshotId: string }).snapshotId
}

test('a landing starts the builds that follow, on the new head, asked for by the dataset', async () => {
  const name = `d-${randomUUID().slice(0, 8)}`
  await sync(name, '2000-03-31')
  const made = await world.ask(`POST ${path(name)}`, { key: world.keys.operator, body })
  expect(made.status, made.text).toBe(201)
  expect(made.json()).toMatchObject({ dataset: name, featureSet: 'technical', requestedBy: 'operator', label: { kind: 'time-series' } })
  expect(await buildsOf(name)).toEqual([])

  const head = await sync(name, '2000-04-28')
  const { id } = made.json()
  // the sync's last step has started it: its first row comes with its first task
  const workflow = world.temporal.client.workflow.getHandle(featuresWorkflowId(id, head))
  expect((await workflow.describe()).searchAttributes).toMatchObject({ Dataset: [name], TriggeredBy: [`dataset:${name}`] })
  await expect
    .poll(async () => (await buildsOf(name)).map((row) => [row.snapshotId, row.requestedBy]), { timeout: 20_000 })
    .toEqual([[head, `dataset:${name}`]])

  const removed = await world.ask(`DELETE ${path(name)}/${id}`, { key: world.keys.operator })
  expect([removed.status, removed.json().id]).toEqual([200, id])
  const last = await sync(name, '2000-05-31')
  await expect(world.temporal.client.workflow.getHandle(featuresWorkflowId(id, last)).describe()).rejects.toThrow(/not found/i)
  expect((await world.ask(`DELETE ${path(name)}/${id}`)).status).toBe(404)
  const audited = (await world.ask(`GET /api/v1/audit?subject=dataset/${name}`)).json().items
  expect(audited.map(({ action }: { action: string }) => action)).toEqual([
    'land-snapshot',
    'unfollow',
    'land-snapshot',
    'follow',
    'land-snapshot',
  ])
  // it is brief, and needs no worker of features
  expect(await workflow.result()).toMatchObject({ state: 'ready' })
})

test('the same definition follows once, however it is written and however often it is asked for', async () => {
  const name = `d-${randomUUID().slice(0, 8)}`
  await world.db.insert(datasets).values({ name, connector: { kind: 'sample' } })
  const again = { ...body, label: { expression: 'Ref( $close , -1 ) / $close - 1' } }
  const ids = []
  for (const each of [body, again, body]) ids.push((await world.ask(`POST ${path(name)}`, { body: each })).json().id)
  expect(new Set(ids).size).toBe(1)
  expect((await world.ask(`GET ${path(name)}`)).json()).toMatchObject({ items: [{ id: ids[0], dataset: name }], nextCursor: null })
})

test('what cannot be followed or built is refused before anything follows', async () => {
  const refused = async (at: string, what: unknown) => (await world.ask(`POST ${path(at)}`, { body: what })).json().code
  expect(await refused('nothing-here', body)).toBe('not_found')
  await world.db.insert(datasets).values({ name: 'there', connector: { kind: 'sample' } })
  expect(await refused('there', { ...body, features: 'crystal-ball' })).toBe('not_found')
  expect(await refused('there', { ...body, label: { expression: '$close' } })).toBe('expression_invalid')
  expect((await world.ask(`GET ${path('nothing-here')}`)).status).toBe(404)
})

test('one with a universe follows beside that of all symbols, and is built with it', async () => {
  const bars = [walkBars('AAA', 40, 1), walkBars('BBB', 40, 2)]
  const universes = [{ name: 'large', spans: [{ symbol: 'AAA', from: '2007-01-02', to: '2099-12-31' }] }]
  const { id: head } = await landSnapshot(world, 'index', bars, [], universes)
  await world.db.update(datasets).set({ headSnapshotId: head }).where(eq(datasets.name, 'index'))
  const ids = []
  for (const each of [body, { ...body, universe: 'large' }, { ...body, universe: 'large' }])
    ids.push((await world.ask(`POST ${path('index')}`, { body: each })).json().id)
  expect(new Set(ids).size).toBe(2)
  expect((await world.ask(`GET ${path('index')}`)).json().items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: ids[1], universe: 'large' }),
      expect.not.objectContaining({ universe: 'large' }),
    ]),
  )
  const log = { warn: (message: string) => expect.fail(message) } as unknown as Parameters<typeof startStandingBuilds>[0]['log']
  await startStandingBuilds({ db: world.db, client: world.temporal.workersClient, log }, 'index')
  await expect
    .poll(async () => (await buildsOf('index')).map(({ featureSet }) => featureSet.universe ?? 'all symbols').sort(), { timeout: 20_000 })
    .toEqual(['all symbols', 'large'])
})

test('a definition that is no longer read is told in the log, and holds nothing up', async () => {
  const head = 'a'.repeat(64)
  await world.db.insert(datasets).values({ name: 'aged', connector: { kind: 'sample' }, headSnapshotId: head })
  const label = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' } as const
  const row = { dataset: 'aged', label, requestedBy: 'tests' }
  await world.db.insert(standingBuild).values([
    { ...row, definitionHash: '0'.repeat(64), featureSet: 'gone' },
    { ...row, definitionHash: '1'.repeat(64), featureSet: 'technical' },
  ])
  const told: unknown[] = []
  const log = { warn: (_: string, about: unknown) => told.push(about) } as unknown as Parameters<typeof startStandingBuilds>[0]['log']
  const supervised = (endpoint: string, featureSet: string) => ({ endpoint, recipe: { ...largeSteps('aged'), featureSet, label } })
  const followers = [supervised('same', 'technical'), supervised('other', 'alpha158'), { endpoint: 'without', recipe: null }]
  const start = () => startStandingBuilds({ db: world.db, client: world.temporal.workersClient, log }, 'aged', followers)
  // whose features it computes hears of its end
  expect(await start()).toEqual(new Set(['same']))
  expect(told).toMatchObject([{ dataset: 'aged', featureSet: 'gone' }])
  // twice does no harm, and who asked later is told at once
  expect(await start()).toEqual(new Set())
  await expect.poll(async () => (await buildsOf('aged')).map(({ snapshotId }) => snapshotId), { timeout: 20_000 }).toEqual([head])
})
