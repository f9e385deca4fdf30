import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot } from '#activities/snapshots.ts'
import { audit, quarantinedRow, snapshot, syncRun } from '#db/schema.ts'
import { findDataset, listDatasets } from '#db/queries/datasets.ts'
import { findSnapshot, listSnapshots } from '#db/queries/snapshots.ts'
import { findSync, listSyncs } from '#db/queries/syncs.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const header = 'date,symbol,open,high,low,close,volume'
const csvOf = (closes: readonly number[]) =>
  [header, ...closes.map((close, i) => `2020-01-${10 + i},A,${close},${close},${close},${close},100`)].join('\n')

/** The steps up to the landing, each run twice, as after a kill between its effect and its answer. */
async function composedTwice(dataset: string, closes: readonly number[]) {
  const input = world.inputOf(await world.csv(`${csvOf(closes)}\nbroken`), dataset)
  const { syncId, connector } = input
  const [opened, openedAgain] = [await world.activities.openSync(input), await world.activities.openSync(input)]
  expect(openedAgain).toEqual(opened)
  const parent = opened.head?.manifest ?? null
  const twice = async <T>(step: () => Promise<T>): Promise<T> => {
    const [first, second] = [await step(), await step()]
    expect(second).toEqual(first)
    return first
  }
  const { staged } = await twice(() => world.asActivity(world.activities.importBars, { syncId, connector, asOf: opened.startedAt, parent }))
  const { examination } = await twice(() => world.asActivity(world.activities.examineBars, { syncId, staged, parent }))
  const manifest = await twice(() => world.asActivity(world.activities.composeSnapshot, { staged, examination, approved: false }))
  return { syncId, landing: { syncId, manifest, parentId: opened.head?.id ?? null } }
}

describe('every step may run again', () => {
  it('with the same objects, one snapshot, one audit row and one quarantined line', async () => {
    const { syncId, landing } = await composedTwice('twice', [10, 11])
    const results = await Promise.all(Array.from({ length: 4 }, () => world.activities.landSnapshot(landing)))
    for (const result of results) expect(result).toEqual(results[0])
    expect(results[0]).toMatchObject({ state: 'landed', rows: 2, quarantined: 1 })
    expect(await world.db.select().from(snapshot).where(eq(snapshot.syncId, syncId))).toHaveLength(1)
    expect(await world.db.select().from(audit).where(eq(audit.commandId, syncId))).toMatchObject([
      { action: 'land-snapshot', subject: 'dataset/twice', by: 'tests' },
    ])
    expect(await world.db.select().from(quarantinedRow).where(eq(quarantinedRow.syncId, syncId))).toHaveLength(1)
    expect(await world.db.select().from(syncRun).where(eq(syncRun.dataset, 'twice'))).toHaveLength(1)
  })

  it('and an end is told only once', async () => {
    const { syncId, landing } = await composedTwice('ended', [10, 11])
    const landed = await world.activities.landSnapshot(landing)
    expect(await world.activities.endSync({ syncId, state: 'failed', failure: 'too late' })).toEqual(landed)
    expect(await findSync(world.db, syncId)).toMatchObject({ state: 'landed', failure: null })
  })

  it('and a sync that was stopped lands nothing afterwards', async () => {
    const { syncId, landing } = await composedTwice('stopped', [10, 11])
    await world.activities.endSync({ syncId, state: 'stopped', failure: 'stopped by tests' })
    expect(await world.activities.landSnapshot(landing)).toMatchObject({ state: 'stopped' })
    expect(await findDataset(world.db, 'stopped')).toMatchObject({ headSnapshotId: null })
  })
})

describe('the head', () => {
  it('moves only from the parent that the sync started from', async () => {
    const slow = await composedTwice('raced', [10, 11])
    const fast = await composedTwice('raced', [10, 12])
    const { snapshotId } = await world.activities.landSnapshot(fast.landing)
    await expect(world.activities.landSnapshot(slow.landing)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(snapshotId!),
    })
    expect(await findDataset(world.db, 'raced')).toMatchObject({ headSnapshotId: snapshotId })
    expect(await world.db.select().from(snapshot).where(eq(snapshot.syncId, slow.syncId))).toEqual([])
    expect(await findSync(world.db, slow.syncId)).toMatchObject({ state: 'running' })
  })

  it('moves once when two syncs of the same parent land at once', async () => {
    const rivals = [await composedTwice('rivals', [10, 11]), await composedTwice('rivals', [10, 12])]
    const outcomes = await Promise.allSettled(rivals.map(({ landing }) => world.activities.landSnapshot(landing)))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await listSnapshots(world.db, { limit: 10, dataset: 'rivals' })).items).toHaveLength(1)
  })

  it('may come back to content that it had before, under the same id', async () => {
    const states = []
    for (const closes of [
      [10, 11],
      [10, 12],
      [10, 11],
    ])
      states.push(await world.activities.landSnapshot((await composedTwice('back', closes)).landing))
    expect(states.map(({ state }) => state)).toEqual(['landed', 'landed', 'landed'])
    expect(states[2]!.snapshotId).toBe(states[0]!.snapshotId)
    expect(await findDataset(world.db, 'back')).toMatchObject({ headSnapshotId: states[0]!.snapshotId })
    expect((await listSnapshots(world.db, { limit: 10, dataset: 'back' })).items).toHaveLength(2)
  })

  it('shares chunks between snapshots: a revised bar stores its own chunk again', async () => {
    const months = (last: number) =>
      [header, ...['01', '02', '03'].map((month) => `2020-${month}-10,A,10,11,9,10,100`), `2020-04-10,A,10,11,9,${last},100`].join('\n')
    const refs = []
    for (const last of [10, 10.5]) {
      const { snapshotId } = await world.sync(await world.csv(months(last)), { dataset: 'revised' })
      refs.push((await findSnapshot(world.db, snapshotId!))!.manifest)
    }
    const [before, after] = await Promise.all(
      refs.map(async (ref) => (await openSnapshot(world.objects, ref)).manifest.chunks.map(({ object }) => object.sha256)),
    )
    expect(after!.filter((chunk) => !before!.includes(chunk))).toHaveLength(1)
    expect(after).toHaveLength(4)
  })
})

describe('lists', () => {
  it('go page by page through every row once, newest first', async () => {
    for (const closes of [
      [10, 11],
      [10, 12],
      [10, 13],
    ])
      await world.sync(await world.csv(csvOf(closes)), { dataset: 'paged' })
    const all = async <T>(list: (after: string | undefined) => Promise<{ items: T[]; nextCursor: string | null }>) => {
      const items: T[] = []
      let after: string | undefined
      do {
        const page = await list(after)
        items.push(...page.items)
        after = page.nextCursor ?? undefined
      } while (after !== undefined)
      return items
    }
    const syncs = await all((after) => listSyncs(world.db, { limit: 1, after, dataset: 'paged' }))
    expect(syncs.map(({ startedAt }) => startedAt)).toEqual(
      syncs
        .map(({ startedAt }) => startedAt)
        .toSorted()
        .toReversed(),
    )
    expect(new Set(syncs.map(({ id }) => id)).size).toBe(3)
    expect(await all((after) => listSnapshots(world.db, { limit: 2, after, dataset: 'paged' }))).toHaveLength(3)
    const names = (await all((after) => listDatasets(world.db, { limit: 2, after }))).map(({ name }) => name)
    expect(names).toEqual([...new Set(names)].toSorted())
    expect(names).toContain('paged')
  })

  it('refuses a cursor of another list', async () => {
    await expect(listDatasets(world.db, { limit: 1, after: 'bm9wZQ' })).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
