import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCollectionActivities } from '#activities/collections.ts'
import { createInspectionActivities } from '#activities/inspections.ts'
import { markGarbage } from '#activities/collections/mark-garbage.ts'
import { sweepGarbage } from '#activities/collections/sweep-garbage.ts'
import { readManifest } from '#storage/snapshot-manifest.ts'
import type { GarbagePlan, Tally } from '#contracts/collections.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { closeFeatureBuild } from '#db/commands/close-feature-build.ts'
import { openFeatureBuild } from '#db/commands/open-feature-build.ts'
import { openTrainingRun } from '#db/commands/open-training-run.ts'
import { pinTrainingSnapshot } from '#db/commands/pin-training-snapshot.ts'
import { rememberShards } from '#db/commands/remember-shards.ts'
import { rollBackDataset } from '#db/commands/roll-back-dataset.ts'
import { tagSnapshot } from '#db/commands/tag-snapshot.ts'
import { listInspections } from '#db/queries/inspections.ts'
import { findSnapshot, listKeptSnapshots } from '#db/queries/snapshots.ts'
import { audit, featureShardCache, trainingCheckpoint, trainingRun } from '#db/schema.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import { csvOf, rowsOf } from '#tests/support/csv.ts'
import { recipe } from '#tests/support/fitted-build.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
beforeEach(async () => void (world = await datasetWorld()))
afterEach(() => world.drop())

const never = new AbortController().signal
const day = 86_400_000
const origin = { by: 'tests', bodySha256: '0'.repeat(64) }
const command = () => ({ commandId: randomUUID(), by: 'tests' })
const walk = walkBars('AAA', 60, 1)

/** As it would be so many days from now. */
const later = (days: number) => ({ db: world.db, objects: world.objects, clock: () => new Date(Date.now() + days * day) })
const terms = { graceHours: 24, keepDays: 30 }

const mark = (days = 60) => markGarbage(later(days), terms, never)
const sweep = (plan: GarbagePlan, days = 60): Promise<Tally> =>
  sweepGarbage(
    later(days),
    { collectionId: randomUUID(), by: 'tests', terms, plan, removed: { objects: 0, bytes: 0, snapshots: 0 } },
    never,
    async () => {},
  )
const reasonsOf = (plan: GarbagePlan) => Object.fromEntries(plan.objects.map(({ key, reason }) => [key, reason]))

async function land(dataset: string, bars: readonly BarColumns[]): Promise<string> {
  const { snapshotId } = await world.sync(await world.csv(csvOf(bars)), { dataset })
  return snapshotId!
}
const grown = (rows: number) => rowsOf(walk, (row) => row < rows)

async function keysIn(prefix: 'objects/' | 'uploads/' = 'objects/'): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of world.objects.list(prefix)) keys.push(key)
  return keys
}

/** Every kept snapshot is whole, and those that were named are there. */
async function assertWhole(ids: readonly string[]): Promise<void> {
  const kept = await listKeptSnapshots(world.db)
  expect(kept.map(({ id }) => id).toSorted()).toEqual([...new Set(ids)].toSorted())
  for (const { manifest } of kept) expect(await verifySnapshot(world.objects, manifest)).toMatchObject({ damage: [] })
}

const objectsOf = async (id: string): Promise<string[]> => {
  const { manifest } = (await findSnapshot(world.db, id))!
  return [manifest.uri, ...(await readManifest(world.objects, manifest)).chunks.map(({ object }) => object.uri)]
}

describe('a collection', () => {
  it('keeps heads, history, tags, builds and runs; an old snapshot goes, with what only it needs', async () => {
    const ids: string[] = []
    for (const rows of [20, 30, 40, 50, 60]) ids.push(await land('d', [grown(rows)]))
    const [old, tagged, built, trained, head] = ids as [string, string, string, string, string]
    await tagSnapshot(world.db, { dataset: 'd', tag: 'v1', snapshotId: tagged }, command())
    const build = { definitionHash: 'a'.repeat(64), dataset: 'd', featureSet: technical, label: recipe.label, origin }
    await openFeatureBuild(world.db, { buildId: 'b'.repeat(64), snapshotId: built, ...build })
    await closeFeatureBuild(world.db, { buildId: 'b'.repeat(64), state: 'stopped', reason: 'tests' })
    const runId = randomUUID()
    await openTrainingRun(world.db, { runId, modelName: 'm', recipe: { ...recipe, dataset: 'd' }, origin })
    await pinTrainingSnapshot(world.db, { runId, dataset: 'd', snapshotId: trained })
    await world.db.update(trainingRun).set({ state: 'failed', endedAt: new Date().toISOString() })

    // within the days to keep all of them are history
    expect((await mark(20)).snapshots).toEqual([])
    const plan = await mark()
    // a build that was stopped needs nothing
    expect(plan.snapshots.map(({ id }) => id).toSorted()).toEqual([old, built].toSorted())
    const [kept, going] = [new Set((await Promise.all([tagged, trained, head].map(objectsOf))).flat()), await objectsOf(old)]
    expect(plan.objects.filter(({ key }) => kept.has(key))).toEqual([])
    expect(reasonsOf(plan)).toMatchObject(Object.fromEntries(going.filter((key) => !kept.has(key)).map((key) => [key, 'old-snapshot'])))

    const before = await keysIn()
    const removed = await sweep(plan)
    expect(removed).toMatchObject({ objects: plan.objects.length, snapshots: 2 })
    expect((await keysIn()).length).toBe(before.length - plan.objects.filter(({ key }) => key.startsWith('objects/')).length)
    await assertWhole([tagged, trained, head])
    expect(await findSnapshot(world.db, old)).toMatchObject({ collectedAt: expect.any(String) })
    expect(await world.db.select().from(audit).where(eq(audit.action, 'collect'))).toHaveLength(2)
    expect((await mark()).objects).toEqual([])
  })

  it('keeps what two snapshots say differently as long as both; an export is made again', async () => {
    const ids = [await land('d', [grown(20)]), await land('d', [grown(30)])]
    const inspections = createInspectionActivities({ db: world.db, objects: world.objects, secondCopy: undefined })
    const side = (snapshotId: string) => ({ dataset: 'd', snapshotId })
    const asked = { comparisonId: randomUUID(), before: side(ids[0]!), after: side(ids[1]!), by: 'tests' }
    const comparison = await world.asActivity(inspections.compareSnapshots, asked)
    const cut = { format: 'csv', prices: 'raw' } as const
    const { object } = await world.asActivity(inspections.exportSnapshot, { exportId: randomUUID(), ...side(ids[1]!), ...cut, by: 'tests' })
    const young = Object.keys(reasonsOf(await mark(20)))
    expect(young).toContain(object.uri)
    expect(young).not.toContain(comparison.uri)

    const plan = await mark()
    expect(plan.snapshots.map(({ id }) => id)).toEqual([ids[0]])
    expect(Object.keys(reasonsOf(plan))).toEqual(expect.arrayContaining([object.uri, comparison.uri]))
    await sweep(plan)
    expect((await listInspections(world.db, 'comparison', { limit: 10 })).items).toMatchObject([{ result: { object: comparison } }])
  })

  it('removes nothing young, nor anything since the oldest work under way began', async () => {
    await world.objects.put(Buffer.from('nobody names this'), 'txt')
    expect((await mark(0.5)).objects).toEqual([])
    expect((await mark(2)).objects).toMatchObject([{ reason: 'named-by-nothing' }])
    const input = world.inputOf(await world.csv('nothing'), 'running')
    await world.activities.openSync(input)
    expect((await mark(365)).objects).toEqual([])
    await world.activities.endSync({ syncId: input.syncId, state: 'stopped', failure: null })
    expect(Object.values(reasonsOf(await mark(365)))).toEqual(['named-by-nothing'])
  })

  it('keeps the uploads that a dataset may be synced from again, and what a kept snapshot was imported from', async () => {
    await land('d', [grown(20)])
    const unused = await world.upload('unused')
    expect((await keysIn('uploads/')).length).toBe(2)
    const uploads = (await mark()).objects.filter(({ key }) => key.startsWith('uploads/'))
    expect(uploads).toMatchObject([{ key: unused.uri, reason: 'unused-upload' }])
  })

  it('keeps checkpoints while any fit is open, and what the column cache alone remembers goes with its rows', async () => {
    const checkpoint = await put({ checkpoint: 1, blocks: [await world.objects.put(Buffer.from('a block'), 'txt')] })
    const runId = randomUUID()
    await world.db.insert(trainingCheckpoint).values({ runId, block: 1, phase: 'search', round: 1, executed: 1, object: checkpoint })
    const shard = await world.objects.put(Buffer.from('a shard'), 'arrow')
    const stored = { object: shard, rows: 1, symbols: ['AAA'], firstSession: '2024-01-02', lastSession: '2024-01-02' }
    const ahead = { through: null, months: '', rows: '' }
    await rememberShards(world.db, { hash: 'c', columns: [] }, [
      { key: 'k', shard: stored, sessions: Uint8Array.of(1), ahead, ends: {}, states: undefined, nonFinite: {}, place: null },
    ])
    await openTrainingRun(world.db, { runId: randomUUID(), modelName: 'm', recipe, origin })
    // an open fit holds back everything that is younger than it; a cached column is older than this one
    await world.db.update(trainingRun).set({ startedAt: new Date(Date.now() + 365 * day).toISOString() })
    expect(reasonsOf(await mark())).toEqual({ [shard.uri]: 'lost-cache' })
    await world.db.update(trainingRun).set({ endedAt: new Date().toISOString(), state: 'failed' })
    const plan = await mark()
    expect(Object.values(reasonsOf(plan)).toSorted()).toEqual(['finished-fit', 'finished-fit', 'lost-cache'])
    await sweep(plan)
    expect(await world.db.select().from(featureShardCache)).toEqual([])
    expect(await keysIn()).toEqual([])
  })

  it('collects nothing while something that is needed cannot be read', async () => {
    const id = await land('d', [grown(20)])
    await world.objects.put(Buffer.from('garbage'), 'txt')
    const { manifest } = (await findSnapshot(world.db, id))!
    await world.objects.remove(manifest.uri)
    const { createObjectStore } = await import('#storage/minio-object-store.ts')
    const objects = createObjectStore(world.store.config, { cacheDir: `${world.store.cacheDir}/none` })
    await expect(markGarbage({ ...later(60), objects }, terms, never)).rejects.toMatchObject({
      code: 'object_missing',
      message: expect.stringContaining('verify --repair'),
    })
  })

  it('counts a name in any table: one that comes later is asked as well', async () => {
    const object = await world.objects.put(Buffer.from('quality report'), 'txt')
    await world.db.execute(`create table report (snapshot text, detail jsonb)`)
    await world.db.execute(`insert into report values ('x', '{"page": {"uri": "${object.uri}"}}')`)
    expect((await mark()).objects).toEqual([])
    await world.db.execute('drop table report')
    expect((await mark()).objects).toMatchObject([{ key: object.uri }])
  })

  it('goes on where it was killed, and what it removed twice is removed', async () => {
    await putMany(450)
    const plan = await mark()
    expect(plan.objects).toHaveLength(450)
    const told: Tally[] = []
    const killed = sweepGarbage(
      later(60),
      { collectionId: randomUUID(), by: 'tests', terms, plan, removed: { objects: 0, bytes: 0, snapshots: 0 } },
      never,
      async (tally) => {
        told.push(tally)
        if (told.length === 2) throw new Error('killed')
      },
    )
    await expect(killed).rejects.toThrow('killed')
    expect((await keysIn()).length).toBe(250)
    expect(await sweep(plan)).toMatchObject({ objects: 250 })
    expect(await keysIn()).toEqual([])
  })
})

describe('what happens between the finding and the removing', () => {
  it('a snapshot of the same content lands again: it stays whole', async () => {
    const old = await land('d', [grown(20)])
    const head = await land('d', [grown(60)])
    const plan = await mark()
    expect(plan.snapshots.map(({ id }) => id)).toEqual([old])
    // on another dataset, so that the old one stays nobody's head there
    expect(await land('e', [grown(20)])).toBe(old)
    await sweep(plan)
    const kept = await listKeptSnapshots(world.db)
    expect(kept.map(({ dataset, id }) => `${dataset} ${id}`).toSorted()).toEqual([`d ${head}`, `e ${old}`].toSorted())
    for (const { manifest } of kept) expect(await verifySnapshot(world.objects, manifest)).toMatchObject({ damage: [] })
  })

  it('and comes back to life when it lands again after it went', async () => {
    const old = await land('d', [grown(20)])
    const head = await land('d', [grown(60)])
    await sweep(await mark())
    await expect(tagSnapshot(world.db, { dataset: 'd', tag: 'late', snapshotId: old }, command())).rejects.toMatchObject({
      code: 'snapshot_not_found',
    })
    await expect(rollBackDataset(world.db, { dataset: 'd', from: head, to: old }, command())).rejects.toMatchObject({
      code: 'snapshot_not_found',
    })
    expect(await land('d', [grown(20)])).toBe(old)
    await assertWhole([old, head])
  })

  it('somebody tags, builds on or goes back to it: it stays', async () => {
    for (const use of ['tag', 'build', 'roll-back'] as const) {
      const dataset = `used-by-${use}`
      const [old, head] = [await land(dataset, [grown(20)]), await land(dataset, [grown(60)])]
      const plan = await mark()
      const input = { definitionHash: 'a'.repeat(64), dataset, featureSet: technical, label: recipe.label, origin }
      if (use === 'tag') await tagSnapshot(world.db, { dataset, tag: 'v1', snapshotId: old }, command())
      else if (use === 'build') await openFeatureBuild(world.db, { buildId: 'c'.repeat(64), snapshotId: old, ...input })
      else await rollBackDataset(world.db, { dataset, from: head, to: old }, command())
      expect(await sweep(plan)).toMatchObject({ snapshots: 0 })
      expect(await verifySnapshot(world.objects, (await findSnapshot(world.db, old, dataset))!.manifest)).toMatchObject({ damage: [] })
      if (use === 'build') await closeFeatureBuild(world.db, { buildId: 'c'.repeat(64), state: 'stopped', reason: 'tests' })
      else if (use === 'roll-back') expect((await findSnapshot(world.db, old, dataset))!.collectedAt).toBeNull()
    }
  })

  it('the same bytes are stored again: they stay', async () => {
    const bytes = Buffer.from('garbage, and then needed')
    const ref = await world.objects.put(bytes, 'txt')
    const plan = await mark()
    expect(plan.objects).toHaveLength(1)
    // the store counts in seconds
    await expect
      .poll(async () => (await world.objects.put(bytes, 'txt'), (await world.objects.find(ref.uri))!.modifiedAt), { timeout: 10_000 })
      .not.toBe(plan.objects[0]!.modifiedAt)
    expect(await sweep(plan)).toMatchObject({ objects: 0 })
    expect(await keysIn()).toEqual([ref.uri])
  })

  it('a landing whose chunks have gone is refused, and leaves the head as it was', async () => {
    const head = await land('d', [grown(20)])
    const { syncId, connector } = world.inputOf(await world.csv(csvOf([grown(40)])), 'd')
    const opened = await world.activities.openSync({ ...world.inputOf(connector, 'd'), syncId })
    const parent = opened.head!.manifest
    const { staged } = await world.asActivity(world.activities.importBars, { syncId, connector, asOf: opened.startedAt, parent })
    const { examination } = await world.asActivity(world.activities.examineBars, { syncId, staged, parent })
    const manifest = await world.asActivity(world.activities.composeSnapshot, { staged, examination, approved: false })
    const { chunks } = await readManifest(world.objects, manifest)
    await world.objects.remove(chunks.at(-1)!.object.uri)
    await expect(world.activities.landSnapshot({ syncId, manifest, parentId: head })).rejects.toMatchObject({ code: 'content_collected' })
    await assertWhole([head])
  })

  it('syncs land all the while: every snapshot that was told to have landed is whole', async () => {
    for (const rows of [20, 25, 30]) await land('busy', [grown(rows)])
    await putMany(100)
    // the store tells times in seconds: what is stored again in the second in which it was found looks as it did, and goes.
    // It takes a grace of nothing, an hour is the least that may be asked for; the landing then is refused, and not told
    const landed = async (rows: number): Promise<string> =>
      await land('busy', [grown(rows)]).catch((error: unknown) => {
        if (error instanceof QuantloopError && error.code === 'content_collected') return landed(rows)
        throw error
      })
    const landing = (async () => {
      const ids: string[] = []
      for (const rows of [35, 20, 40, 25, 45]) ids.push(await landed(rows))
      return ids
    })()
    // with no grace at all: what protects the landings is what is under test
    const eager = { graceHours: 0, keepDays: 0 }
    let done = false
    landing.finally(() => (done = true)).catch(() => {})
    while (!done) {
      const plan = await markGarbage(later(0), eager, never)
      await sweepGarbage(
        later(0),
        { collectionId: randomUUID(), by: 'tests', terms: eager, plan, removed: { objects: 0, bytes: 0, snapshots: 0 } },
        never,
        async () => {},
      )
    }
    const ids = await landing
    for (const { manifest } of await listKeptSnapshots(world.db))
      expect(await verifySnapshot(world.objects, manifest)).toMatchObject({ damage: [] })
    expect((await listKeptSnapshots(world.db)).map(({ id }) => id)).toContain(ids.at(-1))
  })
})

it('lists and collects more than a thousand objects', async () => {
  await putMany(1_100)
  const activities = createCollectionActivities(later(2))
  const input = { collectionId: randomUUID(), dryRun: false, ...terms, origin }
  await activities.openCollection(input)
  const plan: ObjectRef = await world.asActivity(activities.markGarbage, input)
  const removed = await world.asActivity(activities.sweepGarbage, { input, plan })
  expect(removed.objects).toBe(1_100)
  expect(await activities.closeCollection({ collectionId: input.collectionId, state: 'done', failure: null })).toMatchObject({
    state: 'done',
    found: { objects: 1_100 },
    removed: { objects: 1_100 },
  })
  expect(await keysIn()).toEqual([plan.uri])
})

const put = async (value: unknown): Promise<ObjectRef> => await world.objects.put(Buffer.from(JSON.stringify(value)), 'json')

async function putMany(count: number): Promise<void> {
  for (let from = 0; from < count; from += 25)
    await Promise.all(
      Array.from({ length: Math.min(25, count - from) }, (_, index) => world.objects.put(Buffer.from(`garbage ${from + index}`), 'txt')),
    )
}
