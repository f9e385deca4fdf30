import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importBars } from '#activities/datasets/import-bars.ts'
import { openSnapshot } from '#activities/snapshots.ts'
import type { UploadRef } from '#contracts/references.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { listQuarantinedRows } from '#db/queries/syncs.ts'
import { noVendors } from '#tests/support/vendors.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const header = 'date,symbol,open,high,low,close,volume'
const good = (session: string, symbol = 'A') => `${session},${symbol},10,11,9,10.5,100`

/** A file of good rows with `lines` between them, and what became of each line. */
async function importing(...lines: string[]) {
  const text = [header, good('2020-01-02'), ...lines, good('2020-01-31')].join('\n')
  const result = await world.sync(await world.csv(text), { dataset: 'bad-input' })
  const { items } = await listQuarantinedRows(world.db, result.syncId, { limit: 100 })
  const snapshot = await findSnapshot(world.db, result.snapshotId!, 'bad-input')
  const bars = await (await openSnapshot(world.objects, snapshot!.manifest)).bars('A')
  return { result, items, sessions: bars.sessions }
}

describe('a bad line is named with file, line and reason, and is not used', () => {
  it.each<[string, string, string]>([
    ['too few fields', '2020-01-03,A,10', 'has 3 fields where the header has 7'],
    ['too many fields', '2020-01-03,A,10,11,9,10.5,100,7', 'has 8 fields where the header has 7'],
    ['a quote never closed', '2020-01-03,"A,10,11,9,10.5,100', 'a quote is not closed, or stands inside a field'],
    ['a quote inside a field', '2020-01-03,A"B",10,11,9,10.5,100', 'a quote is not closed, or stands inside a field'],
    ['no number', '2020-01-03,A,ten,11,9,10.5,100', `open 'ten' is not a number written like 1234.56`],
    ['a thousands separator', '2020-01-03,A,"1.234,56",11,9,10.5,100', `open '1.234,56' is not a number written like 1234.56`],
    ['a decimal comma', '2020-01-03,A,1.234,56,11,9,10.5,100', 'has 8 fields where the header has 7'],
    ['infinite', '2020-01-03,A,10,inf,9,10.5,100', `high 'inf' is not finite`],
    ['zero', '2020-01-03,A,10,11,0,10.5,100', 'low 0 is not above zero'],
    [
      'an instant with a zone, in the hour that daylight saving leaves out',
      '2020-03-29T02:30:00+01:00,A,10,11,9,10.5,100',
      `session '2020-03-29T02:30:00+01:00' is not a date written YYYY-MM-DD`,
    ],
    [
      'an instant without a zone, in the hour that comes twice',
      '2020-11-01 01:30:00,A,10,11,9,10.5,100',
      `session '2020-11-01 01:30:00' is not a date written YYYY-MM-DD`,
    ],
    [
      'an escaped path for a symbol',
      '2020-01-03,%252e%252e,10,11,9,10.5,100',
      `symbol '%252e%252e' is not a ticker of at most 20 letters, digits and . ^ = -`,
    ],
    [
      'a letter that only looks like A',
      '2020-01-03,\u0410,10,11,9,10.5,100',
      `symbol '\u0410' is not a ticker of at most 20 letters, digits and . ^ = -`,
    ],
    ['not finite', '2020-01-03,A,NaN,11,9,10.5,100', `open 'NaN' is not finite`],
    ['out of range', '2020-01-03,A,10,1e999,9,10.5,100', `high '1e999' is not finite`],
    ['negative', '2020-01-03,A,-10,11,9,10.5,100', 'open -10 is not above zero'],
    ['high below low', '2020-01-03,A,10,8,9,10.5,100', 'high 8 is below low 9'],
    ['no date', '2020-02-30,A,10,11,9,10.5,100', `session '2020-02-30' is not a date written YYYY-MM-DD`],
    ['a path for a symbol', '2020-01-03,../x,10,11,9,10.5,100', `symbol '../x' is not a ticker of at most 20 letters, digits and . ^ = -`],
    ['a NUL', '2020-01-03,A\0,10,11,9,10.5,100', `symbol 'A\u2400' is not a ticker of at most 20 letters, digits and . ^ = -`],
    ['out of order', '2020-01-01,A,10,11,9,10.5,100', 'session 2020-01-01 comes after 2020-01-02: sort the file by symbol and session'],
    ['repeated', good('2020-01-02'), 'repeats line 2 with the same values'],
  ])('%s', async (_, line, reason) => {
    const { result, items, sessions } = await importing(line)
    expect(items).toMatchObject([{ file: 'bars.csv', line: 3, reason, raw: line.replaceAll('\0', '\u2400') }])
    expect(result).toMatchObject({ rows: 2, quarantined: 1 })
    expect(sessions).toEqual(['2020-01-02', '2020-01-31'])
  })

  it('with the symbol and session that it was to be, as far as they could be read', async () => {
    const { items } = await importing('2020-01-03,A,ten,11,9,10.5,100', 'yesterday,A,10,11,9,10.5,100', '2020-01-06,?,10,11,9,10.5,100')
    expect(items.map(({ line, symbol, session }) => [line, symbol, session])).toEqual([
      [3, 'A', '2020-01-03'],
      [4, 'A', undefined],
      [5, undefined, undefined],
    ])
  })

  it('a quote that is never closed spoils its line and no other', async () => {
    const { items, sessions } = await importing('2020-01-03,"A,10,11,9,10.5,100', good('2020-01-06'), good('2020-01-07'))
    expect(items.map(({ line }) => line)).toEqual([3])
    expect(sessions).toEqual(['2020-01-02', '2020-01-06', '2020-01-07', '2020-01-31'])
  })

  it('in the future', async () => {
    const { items, sessions } = await importing(good('2999-01-01'))
    expect(items).toMatchObject([{ line: 3, reason: 'session 2999-01-01 is in the future', symbol: 'A', session: '2999-01-01' }])
    expect(sessions).toEqual(['2020-01-02', '2020-01-31'])
  })

  it('a field of ten megabytes', async () => {
    const { items, sessions } = await importing(`2020-01-03,A,${'1'.repeat(10_000_000)},11,9,10.5,100`, good('2020-01-06'))
    expect(items).toMatchObject([{ line: 3, reason: 'the line is longer than 64 KiB' }])
    expect(items[0]!.raw.length).toBeLessThan(3_000)
    expect(sessions).toEqual(['2020-01-02', '2020-01-06', '2020-01-31'])
  })

  it('two lines that contradict each other: neither is used', async () => {
    const { items, sessions } = await importing(good('2020-01-03'), '2020-01-03,A,10,11,9,10.6,100')
    expect(items).toMatchObject([
      { line: 3, reason: 'contradicted by line 4, which gives other values for the same bar', raw: 'A,2020-01-03,10,11,9,10.5,100' },
      { line: 4, reason: 'gives other values than line 3 for the same bar' },
    ])
    expect(sessions).toEqual(['2020-01-02', '2020-01-31'])
  })

  it('pages through many of them in the order of the file', async () => {
    const lines = Array.from({ length: 1_203 }, (_, i) => `broken ${i}`)
    const { result } = await importing(...lines)
    const seen: number[] = []
    let after: string | undefined
    do {
      const page = await listQuarantinedRows(world.db, result.syncId, { limit: 500, ...(after === undefined ? {} : { after }) })
      seen.push(...page.items.map(({ line }) => line))
      after = page.nextCursor ?? undefined
    } while (after !== undefined)
    expect(seen).toEqual(lines.map((_, i) => i + 3))
  })

  it('accounts for every line of any file: rows + quarantined + withheld = lines', async () => {
    const field = fc.oneof(fc.constantFrom('10', '11', '9', '-1', 'x', '"', '', 'NaN'), fc.string({ maxLength: 6 }))
    const line = fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 10, max: 28 }).map((day) => good(`2020-01-${day}`)) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constant('2020-01-15'), fc.constantFrom('A', 'B'), field, field, field, field, field)
          .map((fields) => fields.join(',')),
      },
      { weight: 1, arbitrary: fc.string() },
    )
    const cancelled = new AbortController().signal
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const physical = [header, good('2020-01-02'), ...lines]
          .join('\n')
          .split('\n')
          .slice(1)
          .filter((text) => text.trim() !== '')
        const config = await world.csv([header, ...physical].join('\n'), '2020-01-20')
        if (config.kind !== 'csv') throw new Error('not reached')
        const input = world.inputOf(config, 'property')
        await world.activities.openSync(input)
        const reach = {
          db: world.db,
          objects: world.objects,
          python: '',
          vendors: noVendors,
          readUpload: (upload: UploadRef) => world.objects.readUpload(upload),
        }
        const imported = await importBars(reach, { syncId: input.syncId, config, asOf: '2020-06-01T00:00:00Z', parent: null, cancelled })
        expect(imported.lines).toBe(physical.length)
        expect(imported.rows + imported.quarantined + imported.withheld).toBe(imported.lines)
        const { items } = await listQuarantinedRows(world.db, input.syncId, { limit: 100 })
        expect(items).toHaveLength(imported.quarantined)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a source that holds nothing to use is refused, and the head stays', () => {
  const refused = async (text: string | Uint8Array, through?: string) => {
    await world.sync(await world.csv([header, good('2020-01-02')].join('\n')), { dataset: 'kept-head' })
    const before = await findDataset(world.db, 'kept-head')
    const attempt = world.sync(await world.csv(text, through), { dataset: 'kept-head' })
    return {
      attempt,
      headStays: async () => {
        const after = await findDataset(world.db, 'kept-head')
        return after?.headSnapshotId === before?.headSnapshotId && after?.lastSession === '2020-01-02'
      },
    }
  }

  it.each<[string, string | Uint8Array, string, RegExp]>([
    ['zero bytes', '', 'source_empty', /bars\.csv is empty/],
    ['blank lines', '\n\r\n  \n', 'source_empty', /bars\.csv is empty/],
    ['a header only', `${header}\n`, 'source_empty', /has a header and no rows/],
    ['no row that can be used', `${header}\nx\n`, 'source_malformed', /1 of 1 were quarantined, first line 2: has 1 fields/],
    ['a header without prices', 'date,symbol,close\n2020-01-02,A,1\n', 'source_malformed', /lacks open, high, low, volume/],
    ['a header that names a column twice', `${header},Date\n`, 'source_malformed', /names session twice/],
    ['semicolons', `${header.replaceAll(',', ';')}\n`, 'source_malformed', /separated by commas/],
    ['UTF-16', Buffer.from(`\ufeff${header}\n`, 'utf16le'), 'source_malformed', /UTF-16/],
    ['UTF-16 without a mark', Buffer.from(`${header}\n`, 'utf16le'), 'source_malformed', /UTF-16 text without a mark/],
    ['UTF-16 of the other order', Buffer.from(`${header}\n`, 'utf16le').swap16(), 'source_malformed', /UTF-16 text without a mark/],
    ['a gzip bomb, unopened', gzipSync(Buffer.alloc(50_000_000)), 'source_malformed', /gzip: decompress it first/],
    ['a zip bomb, unopened', Buffer.from('PK\x03\x04\x14\0\0\0'), 'source_malformed', /zip archive: unpack it first/],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), 'source_malformed', /zstd/],
    ['Parquet', Buffer.from('PAR1\0\0'), 'source_malformed', /Parquet/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'source_malformed', /gzip/],
    ['a first line without end', 'x'.repeat(100_000), 'source_malformed', /header/],
  ])('%s', async (_, text, code, message) => {
    const { attempt, headStays } = await refused(text)
    await expect(attempt).rejects.toMatchObject({ code, message: expect.stringMatching(message), place: { file: 'bars.csv' } })
    expect(await headStays()).toBe(true)
  })

  it('only sessions after the last to release', async () => {
    const { attempt } = await refused([header, good('2020-01-02')].join('\n'), '2019-12-31')
    await expect(attempt).rejects.toMatchObject({
      code: 'source_empty',
      message: expect.stringContaining('after the last session to release'),
    })
  })

  it('an upload that is not there', async () => {
    const upload = { ...(await world.upload('gone')), uri: 'uploads/00000000-0000-4000-8000-000000000000' }
    const config = { kind: 'csv', upload, filename: 'bars.csv' } as const
    await expect(world.sync(config, { dataset: 'kept-head' })).rejects.toMatchObject({ code: 'object_missing' })
  })
})

describe('a header', () => {
  it('may have its columns in any order, with other names, quotes and more of them', async () => {
    const text =
      '"Ticker","Close","Adj Close","Note","Volume","Low","High","Open","Date"\nA,"10.5",5.25,"said ""hi"", left",100,9,11,10,2020-01-02\n'
    const { snapshotId } = await world.sync(await world.csv(text), { dataset: 'headers' })
    const snapshot = await findSnapshot(world.db, snapshotId!, 'headers')
    const bars = await (await openSnapshot(world.objects, snapshot!.manifest)).bars('A')
    expect([bars.open, bars.high, bars.low, bars.close, bars.volume, bars.adjustedClose].map((column) => column![0])).toEqual([
      10, 11, 9, 10.5, 100, 5.25,
    ])
  })
})
