import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot, revisedSessions } from '#activities/snapshots.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { walkBars } from '#tests/support/bars.ts'
import { csvOf, rowsOf as rows, traded } from '#tests/support/csv.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

/** Bars through the real sync, in the chunks that it cuts. */
async function synced(dataset: string, bars: readonly BarColumns[]): Promise<ObjectRef> {
  const { snapshotId } = await world.sync(await world.csv(csvOf(bars)), { dataset })
  return (await findSnapshot(world.db, snapshotId!, dataset))!.manifest
}

/** The same store, counting the chunks that are opened. */
function counting(objects: ObjectStore) {
  const opened: ObjectRef[] = []
  return {
    opened,
    objects: {
      ...objects,
      file: (ref: ObjectRef) => {
        opened.push(ref)
        return objects.file(ref)
      },
    },
  }
}

describe('the sessions that a snapshot revises', () => {
  it('are none when sessions were only added, and only the last months are read', async () => {
    const [a, b] = [walkBars('AAA', 475, 1), walkBars('BBB', 475, 2)]
    const before = await synced('added', [rows(a, (row) => row < 474), rows(b, (row) => row < 473)])
    const after = await synced('added', [a, b])
    const { objects, opened } = counting(world.objects)
    expect(await revisedSessions(objects, before, after)).toEqual(new Map())
    expect(opened).toHaveLength(2)
    expect((await openSnapshot(world.objects, after)).manifest.chunks.length).toBeGreaterThan(5)
  })

  it('are none between equal contents, whose chunks nobody opens', async () => {
    const bars = [walkBars('AAA', 60, 3)]
    const [before, after] = [await synced('equal', bars), (await landSnapshot(world, 'equal-in-one-chunk', bars)).manifest]
    expect(before).not.toEqual(after)
    const { objects, opened } = counting(world.objects)
    expect(await revisedSessions(objects, before, after)).toEqual(new Map())
    expect(opened).toEqual([])
  })

  it('are those of revised and removed bars, however the chunks are cut', async () => {
    const [a, b, c] = [walkBars('AAA', 300, 4), walkBars('BBB', 300, 5), walkBars('CCC', 40, 6)]
    const before = await synced('revised', [rows(a, (row) => row < 250), b, c])
    const after = await synced('revised', [rows(traded(a, [100, 249]), (row) => row !== 7), b])
    expect(await revisedSessions(world.objects, before, after)).toEqual(
      new Map([
        ['AAA', [a.sessions[7], a.sessions[100], a.sessions[249]]],
        ['CCC', c.sessions],
      ]),
    )
    expect(await revisedSessions(world.objects, after, before)).toEqual(
      new Map([['AAA', [a.sessions[100], a.sessions[249], ...a.sessions.slice(250)]]]),
    )
  })

  it('are those of actions that came, went or were resized, unless they fall on the first session or on an added one', async () => {
    const bars = walkBars('AAA', 30, 7)
    const cash = (row: number, amount: number): CorporateAction => ({
      symbol: 'AAA',
      exDate: bars.sessions[row]!,
      kind: 'dividend',
      cash: amount,
      knownAt: bars.knownAt[row]!,
      basis: 'derived',
    })
    const known = rows(bars, (row) => row < 25)
    const before = await landSnapshot(world, 'actions-before', [known], [cash(3, 0.1), cash(9, 0.1), cash(12, 0.1)])
    const after = await landSnapshot(
      world,
      'actions-after',
      [bars],
      [cash(0, 0.1), cash(3, 0.1), cash(12, 0.2), cash(20, 0.1), cash(27, 1)],
    )
    expect(await revisedSessions(world.objects, before.manifest, after.manifest)).toEqual(
      new Map([['AAA', [bars.sessions[9], bars.sessions[12], bars.sessions[20]]]]),
    )
  })

  it('are what a comparison of all bars finds', async () => {
    const walk = walkBars('AAA', 260, 8)
    let trial = 0
    const row = fc.nat(259)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(row, { maxLength: 4 }), fc.uniqueArray(row, { maxLength: 4 }), row, async (removed, revised, end) => {
        const dataset = `all-${trial++}`
        const [first, second] = [rows(walk, (at) => at <= Math.max(end, 1)), rows(traded(walk, revised), (at) => !removed.includes(at))]
        const volumes = new Map(second.sessions.map((session, at) => [session, second.volume[at]]))
        const expected = first.sessions.filter((session, at) => volumes.get(session) !== first.volume[at])
        const found = await revisedSessions(world.objects, await synced(dataset, [first]), await synced(dataset, [second]))
        expect(found).toEqual(expected.length === 0 ? new Map() : new Map([['AAA', expected]]))
      }),
      { numRuns: 8 },
    )
  })
})
