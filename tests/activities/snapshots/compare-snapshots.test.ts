import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareSnapshots } from '#activities/snapshots/compare-snapshots.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { Comparison } from '#contracts/snapshots.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { groupCount, groupOf } from '#domain/market/chunk-layout.ts'
import { walkBars } from '#tests/support/bars.ts'
import { csvOf, rowsOf, traded } from '#tests/support/csv.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const never = new AbortController().signal

async function synced(dataset: string, bars: readonly BarColumns[]): Promise<ObjectRef> {
  const { snapshotId } = await world.sync(await world.csv(csvOf(bars)), { dataset })
  return (await findSnapshot(world.db, snapshotId!, dataset))!.manifest
}

/** The comparison, and which objects were opened for it. */
async function compared(before: ObjectRef, after: ObjectRef, most?: number) {
  const opened: string[] = []
  const objects = {
    ...world.objects,
    file: (ref: ObjectRef) => {
      opened.push(ref.uri)
      return world.objects.file(ref)
    },
  }
  const sides = { before: { dataset: 'd', manifest: before }, after: { dataset: 'd', manifest: after } }
  const found = Comparison.parse(await compareSnapshots(objects, sides, never, most))
  return { ...found, opened }
}

const many = Array.from({ length: 40 }, (_, index) => walkBars(`S${index}`, 420, index))

describe('comparing snapshots', () => {
  it('tells added, removed and revised bars with both values, symbols and sessions', async () => {
    const [a, b, c, d] = [walkBars('AAA', 300, 1), walkBars('BBB', 300, 2), walkBars('CCC', 40, 3), walkBars('DDD', 40, 4)]
    const before = await synced('all', [rowsOf(a, (row) => row < 298), rowsOf(b, (row) => row < 298), c])
    const after = await synced('all', [rowsOf(traded(a, [100]), (row) => row !== 7), b, d])
    const found = await compared(before, after)
    expect(found.bars).toEqual({ added: 2 + 2 + 40, removed: 1 + 40, revised: 1 })
    expect(found.symbols).toEqual({ added: ['DDD'], removed: ['CCC'] })
    // sessions of CCC and DDD, and the one that AAA lost, are those of BBB as well
    expect(found.sessions).toEqual({ added: [a.sessions[298], a.sessions[299]], removed: [] })
    expect(found.bySymbol).toEqual([
      { symbol: 'AAA', added: 2, removed: 1, revised: 1 },
      { symbol: 'BBB', added: 2, removed: 0, revised: 0 },
      { symbol: 'CCC', added: 0, removed: 40, revised: 0 },
      { symbol: 'DDD', added: 40, removed: 0, revised: 0 },
    ])
    expect(found.bySession).toContainEqual({ session: a.sessions[100], added: 0, removed: 0, revised: 1 })
    expect(found.changes.filter(({ kind }) => kind === 'revised')).toEqual([
      {
        symbol: 'AAA',
        session: a.sessions[100],
        kind: 'revised',
        values: { volume: { before: a.volume[100], after: a.volume[100]! + 1 } },
      },
    ])
    expect(found.listed.complete).toBe(true)

    const back = await compared(after, before)
    expect(back.bars).toEqual({ added: found.bars.removed, removed: found.bars.added, revised: 1 })
    expect(back.sessions).toEqual({ added: [], removed: found.sessions.added })
  })

  it('tells a session that came or went in the middle, and asks shared chunks whether others have it', async () => {
    const bars = many.slice(0, 20)
    const hole = bars[0]!.sessions[30]!
    const whole = await synced('middle', bars)
    const without = await synced(
      'middle',
      bars.map((each) => rowsOf(each, (row) => each.sessions[row] !== hole)),
    )
    expect((await compared(whole, without)).sessions).toEqual({ added: [], removed: [hole] })
    // one group of symbols lacks it, and then one of them gets it: only chunks that did not change know it
    const group = groupOf('S0', groupCount(bars.length))
    const lacking = bars.map((each) =>
      groupOf(each.symbol, groupCount(bars.length)) === group ? rowsOf(each, (row) => each.sessions[row] !== hole) : each,
    )
    const found = await compared(await synced('middle', lacking), await synced('middle', [bars[0]!, ...lacking.slice(1)]))
    expect(found).toMatchObject({ bars: { added: 1 }, sessions: { added: [], removed: [] } })
    expect(found.opened.length).toBeGreaterThan(found.read.chunks)
  })

  it('reads no chunk that both list: one more session or one revised bar costs a small part', async () => {
    const before = await synced(
      'little',
      many.map((bars) => rowsOf(bars, (row) => row < 419)),
    )
    const appended = await synced('little', many)
    const revised = await synced('little', [traded(many[0]!, [50]), ...many.slice(1)])
    for (const [found, bars] of [
      [await compared(before, appended), { added: 40, removed: 0, revised: 0 }],
      [await compared(appended, revised), { added: 0, removed: 0, revised: 1 }],
    ] as const) {
      expect(found.bars).toEqual(bars)
      expect(found.opened).toHaveLength(found.read.chunks)
      expect(found.read.chunks).toBeLessThan(found.read.ofChunks / 10)
      expect(found.read.bytes).toBeLessThan(found.read.ofBytes / 5)
    }
  })

  it('opens nothing between equal contents, however they are cut', async () => {
    const bars = [walkBars('AAA', 100, 9)]
    const found = await compared(await synced('cut', bars), (await landSnapshot(world, 'cut-otherwise', bars)).manifest)
    expect(found).toMatchObject({ bars: { added: 0, removed: 0, revised: 0 }, changes: [], opened: [], read: { chunks: 0 } })
  })

  it('counts all changes, and lists as many as fit', async () => {
    const bars = walkBars('AAA', 50, 10)
    const [before, after] = [await synced('listed', [bars]), await synced('listed', [traded(bars, [1, 2, 3, 4, 5])])]
    const found = await compared(before, after, 3)
    expect(found.bars.revised).toBe(5)
    expect(found.changes.map(({ session }) => session)).toEqual(bars.sessions.slice(1, 4))
    expect(found.listed).toEqual({ complete: false, most: 3 })
  })

  it('tells actions, and a vendor that restates what it adjusts', async () => {
    const bars = { ...walkBars('AAA', 30, 11), adjustedClose: walkBars('AAA', 30, 11).close }
    const cash = (row: number, amount: number): CorporateAction => ({
      symbol: 'AAA',
      exDate: bars.sessions[row]!,
      kind: 'dividend',
      cash: amount,
      knownAt: bars.knownAt[row]!,
      basis: 'derived',
    })
    const before = await landSnapshot(world, 'vendor-before', [bars], [cash(9, 0.1), cash(12, 0.1)])
    const restated = { ...bars, adjustedClose: bars.adjustedClose.map((value, row) => (row < 9 ? value * 0.99 : value)) }
    const after = await landSnapshot(world, 'vendor-after', [restated], [cash(12, 0.2)])
    const found = await compared(before.manifest, after.manifest)
    expect(found.actions).toEqual({ added: [], removed: [cash(9, 0.1)], changed: [{ before: cash(12, 0.1), after: cash(12, 0.2) }] })
    expect(found.bars).toEqual({ added: 0, removed: 0, revised: 9 })
    expect(found.changes.every(({ values }) => Object.keys(values).join() === 'adjustedClose')).toBe(true)
  })
})
