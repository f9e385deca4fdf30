import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readByFeatures } from '#activities/snapshots/decoded-chunks.ts'
import { openSnapshot } from '#activities/snapshots/open-snapshot.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { writeChunks } from '#activities/snapshots/write-chunks.ts'
import { describeSymbol, writeSnapshot } from '#activities/snapshots/write-snapshot.ts'
import { inGroups } from '#domain/market/chunk-layout.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { walkBars } from '#tests/support/bars.ts'

let store: Awaited<ReturnType<typeof testObjectStore>>
const read: string[] = []

beforeAll(async () => {
  store = await testObjectStore()
})
afterAll(async () => {
  await store?.drop()
})

const whole = ['AAA', 'BBB', 'CCC'].map((symbol, seed) => walkBars(symbol, 300, 50 + seed))
const until = (rows: number): BarColumns[] => whole.map((bars) => sliceBars(bars, 0, rows))
async function land(bars: BarColumns[]): Promise<ObjectRef> {
  const lastSession = bars.map(({ sessions }) => sessions.at(-1)!).reduce((a, b) => (a > b ? a : b))
  const chunks = await writeChunks(store.objects, inGroups(bars), {
    lastSession,
    earlier: undefined,
    cancelled: new AbortController().signal,
  })
  const symbols = bars.map((each) => describeSymbol(each, [], 'assumed'))
  const nothing = { actions: [], clearedJumps: [], beside: undefined }
  return await writeSnapshot(store.objects, { symbols, chunks, knownAtBasis: 'assumed', lastSession, ...nothing })
}

async function since(manifest: ObjectRef, month: string) {
  read.length = 0
  const objects = { ...store.objects, fetch: (ref: ObjectRef) => (read.push(ref.sha256), store.objects.fetch(ref)) }
  const reader = await openSnapshot(objects, manifest)
  const bars = await reader.barsSince(['AAA', 'BBB', 'CCC'], month)
  return { bars, chunks: reader.manifest.chunks.filter(({ lastSession }) => lastSession.slice(0, 7) >= month) }
}

describe('the bars from a month on', () => {
  const month = whole[0]!.sessions[220]!.slice(0, 7)

  it('are those of the snapshot', async () => {
    const { bars, chunks } = await since(await land(until(290)), month)
    const expected = until(290).map((own) =>
      readByFeatures(
        sliceBars(
          own,
          own.sessions.findIndex((session) => session >= month),
          290,
        ),
      ),
    )
    expect([...bars.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))).toEqual(expected)
    expect(chunks.length).toBeGreaterThan(2)
    expect(read.length).toBe(chunks.length)
  })

  it('are read from the chunks that were not read before', async () => {
    const { bars, chunks } = await since(await land(until(291)), month)
    expect(bars.get('BBB')!.close.at(-1)).toBe(whole[1]!.close[290])
    expect(read).toEqual([chunks.at(-1)!.object.sha256])
    const again = await since(await land(until(291)), month)
    expect(again.bars).toEqual(bars)
    expect(read).toEqual([])
  })

  it('follow a revision', async () => {
    const revised = until(291).map((bars) => (bars.symbol === 'BBB' ? { ...bars, high: bars.high.with(280, bars.high[280]! + 1) } : bars))
    const { bars } = await since(await land(revised), month)
    const from = bars.get('BBB')!.sessions.indexOf(whole[1]!.sessions[280]!)
    expect(bars.get('BBB')!.high[from]).toBe(whole[1]!.high[280]! + 1)
    expect(read.length).toBe(1)
  })
})
