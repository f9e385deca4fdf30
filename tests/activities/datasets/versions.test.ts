import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Command } from '#contracts/commands.ts'
import { noteSnapshot } from '#db/commands/note-snapshot.ts'
import { rollBackDataset } from '#db/commands/roll-back-dataset.ts'
import { tagSnapshot, untagSnapshot } from '#db/commands/tag-snapshot.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot, listHeadMoves, listSnapshotTags, resolveSnapshot } from '#db/queries/snapshots.ts'
import { audit } from '#db/schema.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import { csvOf, rowsOf, traded } from '#tests/support/csv.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const command = (by = 'ann'): Command => ({ commandId: randomUUID(), by, reason: 'because' })
const walk = walkBars('AAA', 60, 1)

async function land(dataset: string, bars: readonly BarColumns[]): Promise<string> {
  const { state, snapshotId } = await world.sync(await world.csv(csvOf(bars)), { dataset })
  expect(['landed', 'unchanged']).toContain(state)
  return snapshotId!
}

/** Three snapshots of growing length, oldest first. */
async function grown(dataset: string): Promise<[string, string, string]> {
  const ids: string[] = []
  for (const rows of [40, 50, 60]) ids.push(await land(dataset, [rowsOf(walk, (row) => row < rows)]))
  return ids as [string, string, string]
}

const head = async (dataset: string) => (await findDataset(world.db, dataset))!.headSnapshotId
const movesOf = async (dataset: string) =>
  (await listHeadMoves(world.db, dataset, { limit: 50 })).items.map(({ snapshotId, kind }) => ({ snapshotId, kind }))
const auditOf = async (subject: string) =>
  (await world.db.select().from(audit).where(eq(audit.subject, subject)).orderBy(audit.id)).map(({ action, by, detail }) => ({
    action,
    by,
    detail,
  }))

describe('a snapshot is named', () => {
  it('by id, by its first digits, by tag, as head, and by how many moves ago it was head', async () => {
    const [first, second, third] = await grown('named')
    await tagSnapshot(world.db, { dataset: 'named', tag: 'audited', snapshotId: second }, command())
    const named = (reference: string) => resolveSnapshot(world.db, 'named', reference)
    expect(await Promise.all(['head', 'head~0', 'head~1', 'head~2', 'audited', first, first.slice(0, 7)].map(named))).toEqual([
      third,
      third,
      second,
      first,
      second,
      first,
      first,
    ])
    await rollBackDataset(world.db, { dataset: 'named', from: third, to: first }, command())
    expect(await Promise.all(['head', 'head~1', 'head~2', 'head~3'].map(named))).toEqual([first, third, second, first])
  })

  it('or is not found, and says where to look', async () => {
    const [id] = await grown('lost')
    for (const reference of ['head~9', 'nothing', 'abcdef0', '0'.repeat(64)])
      await expect(resolveSnapshot(world.db, 'lost', reference)).rejects.toMatchObject({
        code: 'snapshot_not_found',
        message: expect.stringContaining('quantloop data'),
      })
    await expect(resolveSnapshot(world.db, 'nowhere', 'head')).rejects.toMatchObject({ code: 'not_found' })
    // another dataset's snapshot is none of this one's
    await land('other', [walkBars('BBB', 20, 2)])
    await expect(resolveSnapshot(world.db, 'other', id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
  })
})

describe('a tag', () => {
  it('is set, moved and removed, each audited once however often it is applied', async () => {
    const [first, second] = await grown('tagged')
    const [setting, moving, removing] = [command('ann'), command('bob'), command('cyd')]
    const tag = { dataset: 'tagged', tag: 'v1' }
    for (let time = 0; time < 2; time++) await tagSnapshot(world.db, { ...tag, snapshotId: first }, setting)
    await tagSnapshot(world.db, { ...tag, snapshotId: second }, moving)
    // the first command again, late: the tag has moved since, and stays
    await tagSnapshot(world.db, { ...tag, snapshotId: first }, setting)
    expect((await listSnapshotTags(world.db, 'tagged', { limit: 10 })).items).toMatchObject([
      { name: 'v1', snapshotId: second, taggedBy: 'bob' },
    ])
    expect(await findSnapshot(world.db, second, 'tagged')).toMatchObject({ tags: ['v1'] })
    for (let time = 0; time < 2; time++) await untagSnapshot(world.db, tag, removing)
    await expect(untagSnapshot(world.db, tag, command())).rejects.toMatchObject({ code: 'not_found' })
    expect(await auditOf('snapshot-tag/tagged/v1')).toEqual([
      { action: 'tag', by: 'ann', detail: { snapshotId: first, reason: 'because' } },
      { action: 'tag', by: 'bob', detail: { snapshotId: second, movedFrom: first, reason: 'because' } },
      { action: 'untag', by: 'cyd', detail: { snapshotId: second, reason: 'because' } },
    ])
  })

  it('needs a snapshot of its dataset', async () => {
    await grown('needs')
    const foreign = await land('foreign', [walkBars('CCC', 20, 3)])
    await expect(tagSnapshot(world.db, { dataset: 'needs', tag: 'v1', snapshotId: foreign }, command())).rejects.toMatchObject({
      code: 'snapshot_not_found',
    })
  })

  it('and a note say what people know of a snapshot', async () => {
    const [id] = await grown('noted')
    await noteSnapshot(world.db, { dataset: 'noted', snapshotId: id, note: 'before the vendor restated' }, command())
    expect(await findSnapshot(world.db, id, 'noted')).toMatchObject({ note: 'before the vendor restated' })
    await noteSnapshot(world.db, { dataset: 'noted', snapshotId: id, note: '' }, command())
    expect(await findSnapshot(world.db, id, 'noted')).toMatchObject({ note: null })
  })
})

describe('a roll-back', () => {
  it('makes an earlier snapshot the head, keeps history, and happens once for a command', async () => {
    const [first, , third] = await grown('back')
    const ordered = command()
    const order = { dataset: 'back', from: third, to: first }
    for (let time = 0; time < 3; time++) await rollBackDataset(world.db, order, ordered)
    expect(await findDataset(world.db, 'back')).toMatchObject({ headSnapshotId: first, lastSession: walk.sessions[39] })
    expect(await movesOf('back')).toMatchObject([
      { snapshotId: first, kind: 'roll-back' },
      { snapshotId: third, kind: 'land' },
      { kind: 'land' },
      { snapshotId: first, kind: 'land' },
    ])
    expect((await auditOf('dataset/back')).filter(({ action }) => action === 'roll-back')).toEqual([
      { action: 'roll-back', by: 'ann', detail: { from: third, to: first, reason: 'because' } },
    ])
    await expect(rollBackDataset(world.db, { ...order, from: first }, command())).rejects.toMatchObject({ code: 'nothing_to_roll_back' })
  })

  it('raced by twenty moves the head once, and the others hear where it went', async () => {
    const [first, second, third] = await grown('raced')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        rollBackDataset(world.db, { dataset: 'raced', from: third, to: index % 2 === 0 ? first : second }, command(`p${index}`)),
      ),
    )
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as { code: string }] : []))
    expect(refused).toHaveLength(19)
    for (const reason of refused)
      expect(reason).toMatchObject({ code: 'conflict', message: expect.stringContaining((await head('raced'))!) })
    expect(await movesOf('raced')).toHaveLength(4)
  })

  it('comes before a sync that began earlier: that one does not land', async () => {
    const [first, , third] = await grown('ordered')
    const landing = await composed('ordered', [walk, walkBars('BBB', 60, 5)])
    await rollBackDataset(world.db, { dataset: 'ordered', from: third, to: first }, command())
    await expect(landing()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(first) })
    expect(await head('ordered')).toBe(first)
  })

  it('and a landing at once: one of them is first, and the other is refused', async () => {
    for (let time = 0; time < 6; time++) {
      const dataset = `at-once-${time}`
      const [first, , third] = await grown(dataset)
      const landing = await composed(dataset, [walk, walkBars('BBB', 60, 5)])
      const [landed, rolled] = await Promise.allSettled([
        landing(),
        rollBackDataset(world.db, { dataset, from: third, to: first }, command()),
      ])
      expect([landed.status, rolled.status].toSorted()).toEqual(['fulfilled', 'rejected'])
      const now = landed.status === 'fulfilled' ? landed.value.snapshotId : first
      expect(await head(dataset)).toBe(now)
      expect((await movesOf(dataset)).at(0)?.snapshotId).toBe(now)
    }
  })

  it('goes only to a snapshot of the dataset', async () => {
    const [, , third] = await grown('own')
    const foreign = await land('foreign-too', [walkBars('DDD', 20, 6)])
    await expect(rollBackDataset(world.db, { dataset: 'own', from: third, to: foreign }, command())).rejects.toMatchObject({
      code: 'snapshot_not_found',
    })
    await expect(rollBackDataset(world.db, { dataset: 'nowhere', from: third, to: third }, command())).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

/** A sync up to its landing. */
async function composed(dataset: string, bars: readonly BarColumns[]) {
  const { syncId, connector } = world.inputOf(await world.csv(csvOf(bars)), dataset)
  const { startedAt, head: parent } = await world.activities.openSync({ ...world.inputOf(connector, dataset), syncId })
  const { staged } = await world.asActivity(world.activities.importBars, {
    syncId,
    connector,
    asOf: startedAt,
    parent: parent?.manifest ?? null,
  })
  const { examination } = await world.asActivity(world.activities.examineBars, { syncId, staged, parent: parent?.manifest ?? null })
  const manifest = await world.asActivity(world.activities.composeSnapshot, {
    staged,
    examination,
    approved: false,
  })
  return () => world.activities.landSnapshot({ syncId, manifest, parentId: parent?.id ?? null })
}

type Edit = { kind: 'append' | 'revise' | 'delete' | 'symbol'; at: number }

/** What a source delivers after one edit. */
function edited(bars: readonly BarColumns[], { kind, at }: Edit): BarColumns[] {
  const [first, ...rest] = bars as [BarColumns, ...BarColumns[]]
  const rows = first.sessions.length
  switch (kind) {
    case 'append':
      return [walkBars('AAA', rows + 1 + (at % 5), 1), ...rest]
    case 'revise':
      return [traded(first, [at % rows]), ...rest]
    case 'delete':
      return rows < 3 ? [...bars] : [rowsOf(first, (row) => row !== at % rows), ...rest]
    case 'symbol':
      return [first, ...rest.filter(({ symbol }) => symbol !== `S${at % 4}`), walkBars(`S${at % 4}`, 30, at)].toSorted((a, b) =>
        a.symbol < b.symbol ? -1 : 1,
      )
    default:
      return kind satisfies never
  }
}

it('any edits, each landed and then all rolled back, give the ids that there were', async () => {
  const edit = fc.record({ kind: fc.constantFrom<Edit['kind']>('append', 'revise', 'delete', 'symbol'), at: fc.nat(200) })
  let trial = 0
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const dataset = `edits-${trial++}`
      const states: BarColumns[][] = [[walkBars('AAA', 45, 1)]]
      for (const each of edits) states.push(edited(states.at(-1)!, each))
      const ids: string[] = []
      for (const bars of states) ids.push(await land(dataset, bars))
      for (let state = states.length - 2; state >= 0; state--) {
        const now = (await head(dataset))!
        if (now === ids[state]) continue
        await rollBackDataset(world.db, { dataset, from: now, to: ids[state]! }, command())
        // the same content from elsewhere is the same snapshot: nothing is left of the edits
        expect((await world.sync(await world.csv(csvOf(states[state]!)), { dataset })).state).toBe('unchanged')
        expect(await head(dataset)).toBe(ids[state])
        expect(await verifySnapshot(world.objects, (await findSnapshot(world.db, ids[state]!, dataset))!.manifest)).toMatchObject({
          snapshotId: ids[state],
          damage: [],
        })
      }
      expect(await land(`${dataset}-anew`, states[0]!)).toBe(ids[0])
    }),
    { numRuns: 6 },
  )
})
