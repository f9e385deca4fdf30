import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examineSnapshot } from '#activities/quality/examine-snapshot.ts'
import { openSnapshot, qlibFiles } from '#activities/snapshots.ts'
import { lacksOf, writeExport } from '#activities/snapshots/write-export.ts'
import { folderBytes } from '#cli/pack-folder.ts'
import { QualityReport } from '#contracts/quality.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { listQuarantinedRows } from '#db/queries/syncs.ts'
import { decodeBin, encodeBin } from '#domain/qlib/bins.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { readUniverses } from '#storage/snapshot-manifest.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

/** A folder written as Qlib's dump_bin does, and what pyqlib reads from it, by make_qlib_folder.py. */
const folder = fileURLToPath(new URL('./fixtures/qlib-folder', import.meta.url))
const values = JSON.parse(await readFile(new URL('./fixtures/qlib-values.json', import.meta.url), 'utf8')) as {
  calendar: string[]
  universes: Record<string, Record<string, [string, string][]>>
  rows: [name: string, session: string, ...values: (number | null)[]][]
}

let world: DatasetTestWorld
let scratch: string
beforeAll(async () => {
  world = await datasetWorld()
  scratch = await mkdtemp(join(tmpdir(), 'quantloop-qlib-test-'))
})
afterAll(async () => {
  await world.drop()
  await rm(scratch, { recursive: true })
})

type Files = Map<string, Uint8Array>

async function found(): Promise<Files> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return new Map(await Promise.all(paths.sort().map(async (path) => [path, await readFile(join(folder, path))] as const)))
}

async function tarOf(files: Files, extra?: (tar: ReturnType<typeof pack>) => void): Promise<Buffer> {
  const tar = pack()
  for (const [name, bytes] of files) tar.entry({ name }, Buffer.from(bytes))
  extra?.(tar)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function imported(tar: Uint8Array, dataset: string) {
  const result = await world.sync({ kind: 'qlib', upload: await world.upload(tar), filename: 'cn.tar' }, { dataset })
  const snapshot = await findSnapshot(world.db, result.snapshotId!, dataset)
  return { result, manifest: snapshot!.manifest, reader: await openSnapshot(world.objects, snapshot!.manifest) }
}

async function exported(reader: Awaited<ReturnType<typeof openSnapshot>>): Promise<Files> {
  const files: Files = new Map()
  for await (const { path, bytes } of qlibFiles(world.objects, reader)) {
    expect(files.has(path)).toBe(false)
    files.set(path, bytes)
  }
  return files
}

const expectEqual = (ours: Files, theirs: Files) => {
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
  for (const [path, bytes] of theirs)
    expect([path, Buffer.from(ours.get(path)!).toString('hex')]).toEqual([path, Buffer.from(bytes).toString('hex')])
}

describe('a Qlib folder', () => {
  it('comes in as pyqlib reads it: its calendar, its gaps, its late listings, its universes', async () => {
    const { result, reader, manifest } = await imported(await buffer((await folderBytes(folder)).read()), 'qlib-in')
    const ours: unknown[] = []
    for (const name of ['BRK.B', 'CON', 'SH600000', 'SZ000001']) {
      const bars = await reader.bars(name)
      bars.sessions.forEach((session, i) =>
        ours.push([name, session, bars.open[i], bars.high[i], bars.low[i], bars.close[i], bars.volume[i]]),
      )
    }
    const theirs = values.rows
      .filter(([, , open]) => open !== null)
      .map(([name, ...row]) => [name === 'BRK-B' ? 'BRK.B' : name, ...row.slice(0, 6)])
    expect(ours).toEqual(theirs)
    expect(result).toMatchObject({ state: 'landed', held: 0, quarantined: 0, symbols: 4 })

    const universes = await readUniverses(world.objects, reader.manifest.beside)
    expect(universes.map(({ name }) => name)).toEqual(Object.keys(values.universes))
    const [first, , last] = [values.calendar[0]!, 0, values.calendar.at(-1)!]
    for (const { name, spans } of universes) {
      // pyqlib cuts a span where its calendar ends
      const cut = spans.map(({ symbol, from, to }) => [
        symbol === 'BRK.B' ? 'BRK-B' : symbol,
        from < first ? first : from,
        to > last ? last : to,
      ])
      const theirSpans = Object.entries(values.universes[name]!).flatMap(([symbol, list]) => list.map(([from, to]) => [symbol, from, to]))
      expect(new Set(cut.map(String))).toEqual(new Set(theirSpans.map(String)))
    }
    expect(reader.manifest.actions).toEqual([])
    expect(await verifySnapshot(world.objects, manifest)).toMatchObject({ snapshotId: result.snapshotId, damage: [] })
  })

  it('goes out as it came in, bit for bit, and is the same snapshot when it comes back', async () => {
    const files = await found()
    const { result, reader } = await imported(await tarOf(files), 'qlib-out')
    const out = await exported(reader)
    expectEqual(out, files)
    const path = join(scratch, 'out.tar')
    const whole = { format: 'qlib', prices: 'raw' } as const
    expect(lacksOf(reader, whole)).toEqual([])
    expect(await writeExport(world.objects, reader, whole, path, new AbortController().signal)).toEqual({
      rows: reader.manifest.rows,
      symbols: reader.manifest.symbols.length,
    })
    expect((await imported(await readFile(path), 'qlib-back')).result.snapshotId).toBe(result.snapshotId)
    // what bars, calendar and universes say is written from them, and kept nowhere else
    const index = JSON.parse(Buffer.from(await world.objects.get(reader.manifest.beside!.asFound!.index)).toString()) as {
      files: { path: string }[]
    }
    const kept = new Set(index.files.map(({ path }) => path))
    expect(['calendars/day.txt', 'instruments/all.txt', 'features/sz000001/close.day.bin'].filter((path) => kept.has(path))).toEqual([])
    expect(
      ['features/sz000001/factor.day.bin', 'instruments/csi300.txt', 'features/brk-b/close.day.bin'].every((path) => kept.has(path)),
    ).toBe(true)
  })

  it('is adjusted by its maker: a move in it is real for that, and not for an adjusted close beside it', async () => {
    const files: Files = new Map([['calendars/day.txt', Buffer.from('2020-01-02\n2020-01-03\n')]])
    files.set('instruments/all.txt', Buffer.from('SH600000\t2020-01-02\t2020-01-03\n'))
    for (const field of ['open', 'high', 'low', 'close', 'volume', 'factor'])
      files.set(`features/sh600000/${field}.day.bin`, encodeBin({ start: 0, values: Float32Array.of(8, 4) }))
    const { result } = await imported(await tarOf(files), 'qlib-halved')
    expect(result).toMatchObject({
      state: 'landed',
      held: 0,
      jumps: [{ session: '2020-01-03', change: -0.5, clearedBy: 'adjusted-prices' }],
    })
    const { report } = await examineSnapshot(
      world,
      { dataset: 'qlib-halved', snapshotId: result.snapshotId! },
      new AbortController().signal,
    )
    const { findings } = QualityReport.parse(JSON.parse(Buffer.from(await world.objects.get(report)).toString()))
    expect(findings.find(({ kind }) => kind === 'explained-jumps')!.text).toContain(
      "0 by the vendor's adjusted close, 1 in prices that the source has adjusted itself",
    )
  })

  it('goes out as it came in, whatever its columns hold', async () => {
    const sessions = ['2020-01-02', '2020-01-03', '2020-01-06', '2020-01-07']
    const price = fc.oneof(fc.constantFrom(1, 2, Number.NaN), fc.float({ noNaN: false }))
    const column = fc.record({ start: fc.integer({ min: 0, max: 3 }), values: fc.array(price, { maxLength: 4 }), payload: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(column, column, column, column, column, column), { minLength: 1, maxLength: 2 }),
        async (symbols) => {
          const files = new Map<string, Uint8Array>([['calendars/day.txt', Buffer.from(sessions.map((day) => `${day}\n`).join(''))]])
          files.set('instruments/all.txt', Buffer.from('SH600000\t2020-01-02\t2020-01-07\n'))
          // one share that is sound, so that there is something to land
          for (const field of ['open', 'high', 'low', 'close', 'volume'])
            files.set(`features/sound/${field}.day.bin`, encodeBin({ start: 1, values: Float32Array.of(5, 5) }))
          for (const [symbol, columns] of symbols.entries())
            for (const [i, field] of ['open', 'high', 'low', 'close', 'volume', 'factor'].entries()) {
              const { start, values, payload } = columns[i]!
              const bytes = encodeBin({ start, values: Float32Array.from(values.slice(0, 4 - start)) })
              // a NaN with other bits than NumPy's
              if (payload && bytes.length > 4) new DataView(bytes.buffer).setUint32(4, 0xffc00001, true)
              files.set(`features/sh60000${symbol}/${field}.day.bin`, bytes)
            }
          const { reader } = await imported(await tarOf(files), 'qlib-any')
          expectEqual(await exported(reader), files)
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('what is no Qlib folder is refused by the path of its fault', () => {
  const damaged = async (change: (files: Files) => void, extra?: (tar: ReturnType<typeof pack>) => void) => {
    const files = await found()
    change(files)
    return await imported(await tarOf(files, extra), 'qlib-bad')
  }
  const nothing = () => {}

  it.each<[string, (files: Files) => void, ((tar: ReturnType<typeof pack>) => void) | undefined, RegExp]>([
    ['no calendar', (files) => files.delete('calendars/day.txt'), undefined, /calendars\/day\.txt in cn\.tar: is missing/],
    [
      'sessions out of order',
      (files) => files.set('calendars/day.txt', Buffer.from('2020-01-03\n2020-01-02\n')),
      undefined,
      /line 2: 2020-01-02 does not come after 2020-01-03/,
    ],
    ['a column without its volume', (files) => files.delete('features/_qlib_con/volume.day.bin'), undefined, /is missing: a bar needs/],
    [
      'half a number',
      (files) => files.set('features/_qlib_con/open.day.bin', Buffer.alloc(10)),
      undefined,
      /features\/_qlib_con\/open\.day\.bin in cn\.tar: has 10 bytes/,
    ],
    [
      'a column past the calendar',
      (files) => files.set('features/sh600000/low.day.bin', encodeBin({ start: 30, values: new Float32Array(9) })),
      undefined,
      /begins at session 30 and has 9 values, but its calendar has 35/,
    ],
    [
      'an instrument that is no ticker',
      (files) => files.set('instruments/all.txt', Buffer.from('АAPL\t2020-01-02\t2020-01-03\n')),
      undefined,
      /which is no ticker/,
    ],
    [
      'a span without an end',
      (files) => files.set('instruments/all.txt', Buffer.from('A\t2020-01-02\n')),
      undefined,
      /line 1: .* is not an instrument and two dates/,
    ],
    [
      'two spellings of one symbol',
      (files) => files.set('instruments/us.txt', Buffer.from('BRK.B\t2020-01-02\t2020-01-03\n')),
      undefined,
      /the same symbol, BRK\.B/,
    ],
    ['a path that leads outside', nothing, (tar) => tar.entry({ name: '../evil' }, 'x'), /"\.\.\/evil": a path has to stay within/],
    ['a link', nothing, (tar) => tar.entry({ name: 'calendars/link', type: 'symlink', linkname: '/etc/passwd' }), /a symlink: only files/],
    ['a file twice', nothing, (tar) => tar.entry({ name: 'calendars/day.txt' }, '2020-01-02\n'), /holds calendars\/day\.txt twice/],
  ])('%s', async (_, change, extra, message) => {
    await expect(damaged(change, extra)).rejects.toMatchObject({
      code: 'source_malformed',
      message: expect.stringMatching(message),
      place: { file: 'cn.tar' },
    })
  })

  it('half a tar, and a compressed one', async () => {
    const tar = await tarOf(await found())
    await expect(imported(tar.subarray(0, tar.length / 2 - 100), 'qlib-bad')).rejects.toMatchObject({ code: 'source_malformed' })
    await expect(imported(Buffer.from([0x1f, 0x8b, 8, 0]), 'qlib-bad')).rejects.toMatchObject({ message: expect.stringContaining('gzip') })
  })

  it('a price that cannot be is quarantined, with its instrument and session, and goes out again as it was found', async () => {
    const files = await found()
    const path = 'features/sh600000/close.day.bin'
    const column = decodeBin(files.get(path)!, 35)
    column.values[3] = Number.POSITIVE_INFINITY
    column.values[4] = -1
    files.set(path, encodeBin(column))
    const { result, reader } = await imported(await tarOf(files), 'qlib-infinite')
    const { items } = await listQuarantinedRows(world.db, result.syncId, { limit: 10 })
    expect(items).toMatchObject([
      { file: 'cn.tar', reason: 'close of SH600000 on 2020-03-05 is Infinity' },
      { file: 'cn.tar', reason: 'close -1 is not above zero', symbol: 'SH600000', session: '2020-03-06' },
    ])
    expectEqual(await exported(reader), files)
  })
})

describe('a snapshot of another source', () => {
  it('goes out adjusted as Qlib does: $close/$factor is the raw close, volume is over the split factor', async () => {
    const { snapshotId } = await world.sync({ kind: 'sample', symbols: ['AAPL', 'IBM'] }, { dataset: 'to-qlib' })
    const reader = await openSnapshot(world.objects, (await findSnapshot(world.db, snapshotId!, 'to-qlib'))!.manifest)
    const files = await exported(reader)
    const bars = await reader.bars('AAPL')
    const columnOf = (field: string) => decodeBin(files.get(`features/aapl/${field}.day.bin`)!, 2_075).values
    const [close, factor, volume] = [columnOf('close'), columnOf('factor'), columnOf('volume')]
    const row = bars.sessions.indexOf('2005-02-28')
    expect(factor[row]! / factor[row - 1]!).toBeCloseTo(2, 6)
    bars.close.forEach((raw, i) => expect(close[i]! / factor[i]! / raw).toBeCloseTo(1, 5))
    expect(volume[row]! * 4).toBeCloseTo(bars.volume[row]!, -2)
    expect(Buffer.from(files.get('instruments/all.txt')!).toString()).toBe('AAPL\t2000-03-01\t2008-05-30\nIBM\t2000-03-01\t2008-05-30\n')
  })
})
