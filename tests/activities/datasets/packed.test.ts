/** Folders of files of bars, packed by the command line as they are read. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { extract } from 'tar-stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { folderBytes } from '#cli/pack-folder.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { listQuarantinedRows } from '#db/queries/syncs.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
let folder: string
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantloop-packed-test-'))
  return () => rm(folder, { recursive: true })
})

const header = 'date,symbol,open,high,low,close,volume'
const bar = (session: string, symbol: string, close = 10.5) => `${session},${symbol},10,11,9,${close},100`

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

const packed = async (kind: 'csv' | 'parquet' = 'csv') =>
  ({
    kind,
    upload: await world.upload(await buffer((await folderBytes(folder)).read())),
    filename: 'bars.tar',
    packed: 'tar',
  }) as const

describe('a folder of CSV files', () => {
  it('is the snapshot that one file of the same rows is, whatever is hidden in it', async () => {
    await write({
      '2020/b.csv': [header, bar('2020-01-02', 'B'), bar('2020-01-03', 'B')].join('\n'),
      '2020/a.csv': [header, bar('2020-01-02', 'A'), bar('2020-01-03', 'A')].join('\r\n'),
      '2021/a.csv': ['symbol,date,open,high,low,close,volume', 'A,2021-01-04,10,11,9,10,100'].join('\n'),
      '.DS_Store': 'not bars',
    })
    const { snapshotId } = await world.sync(await packed(), { dataset: 'folder' })
    const whole = [header, bar('2020-01-02', 'A'), bar('2020-01-03', 'A'), bar('2021-01-04', 'A', 10)]
    const one = await world.csv([...whole, bar('2020-01-02', 'B'), bar('2020-01-03', 'B')].join('\n'))
    expect(snapshotId).toBe((await world.sync(one, { dataset: 'one-file' })).snapshotId)
  })

  it('names the file and its line for what it refuses, across files too', async () => {
    await write({
      'a.csv': [header, bar('2020-01-02', 'A'), 'broken', bar('2020-01-06', 'A')].join('\n'),
      'b.csv': [header, '', bar('2020-01-02', 'A'), bar('2020-01-06', 'A', 10.6), bar('2020-01-03', 'A')].join('\n'),
    })
    const { syncId } = await world.sync(await packed(), { dataset: 'refused' })
    const { items } = await listQuarantinedRows(world.db, syncId, { limit: 10 })
    expect(items.map(({ file, line, reason }) => [file, line, reason])).toEqual([
      ['a.csv', 3, 'has 1 fields where the header has 7'],
      ['a.csv', 4, 'contradicted by line 4 of b.csv, which gives other values for the same bar'],
      ['b.csv', 3, 'repeats line 2 of a.csv with the same values'],
      ['b.csv', 4, 'gives other values than line 4 of a.csv for the same bar'],
      ['b.csv', 5, 'session 2020-01-03 comes after 2020-01-06: sort the file by symbol and session'],
    ])
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a file of another kind',
      { 'a.csv': `${header}\n${bar('2020-01-02', 'A')}`, 'notes.txt': 'x' },
      /holds notes\.txt, which is no \.csv file/,
    ],
    ['a file without rows', { 'a.csv': `${header}\n${bar('2020-01-02', 'A')}`, 'b.csv': header }, /^b\.csv has a header and no rows/],
    ['nothing to use', { 'a.csv': `${header}\nbroken` }, /1 of 1 were quarantined, first a\.csv, line 2: has 1 fields/],
  ])('with %s is refused, and the head stays', async (_, files, message) => {
    const { snapshotId } = await world.sync(await world.csv([header, bar('2020-01-02', 'A')].join('\n')), { dataset: 'kept' })
    await write(files)
    await expect(world.sync(await packed(), { dataset: 'kept' })).rejects.toMatchObject({ message: expect.stringMatching(message) })
    expect(await findDataset(world.db, 'kept')).toMatchObject({ headSnapshotId: snapshotId })
  })
})

it('a folder of Parquet files is the snapshot that the same rows are as CSV', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const [name, symbol] of [
    ['1', 'A'],
    ['2', 'B'],
  ] as const)
    await connection.run(
      `copy (select '${symbol}' as symbol, date '2020-01-02' + range::integer as date, 10.0 as open, 11.0 as high, 9.0 as low, 10.5 as close, 100 as volume from range(2)) to '${join(folder, `${name}.parquet`)}' (format parquet)`,
    )
  connection.closeSync()
  instance.closeSync()
  const { snapshotId } = await world.sync(await packed('parquet'), { dataset: 'parquet-folder' })
  const rows = ['A', 'B'].flatMap((symbol) => [bar('2020-01-02', symbol), bar('2020-01-03', symbol)])
  expect(snapshotId).toBe((await world.sync(await world.csv([header, ...rows].join('\n')), { dataset: 'as-csv' })).snapshotId)
})

it('any folder packs into as many bytes as were announced, equal each time, and unpacks to what it held', async () => {
  const part = fc
    .string({ unit: fc.constantFrom('a', 'B', '7', '-', 'é', ' '), minLength: 1, maxLength: 90 })
    .filter((text) => text.trim() !== '')
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `${parts.map((each) => `d${each.trim()}`).join('/')}.csv`)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(path, fc.string({ maxLength: 1_500 }), { minKeys: 1, maxKeys: 5 }), async (files) => {
      await write(files)
      const local = await folderBytes(folder)
      const tar = await buffer(local.read())
      expect(tar.length).toBe(local.bytes)
      expect((await buffer(local.read())).equals(tar)).toBe(true)
      const entries = extract()
      entries.end(tar)
      const held: Record<string, string> = {}
      for await (const entry of entries) held[entry.header.name] = (await buffer(entry)).toString()
      expect(held).toEqual(files)
      await rm(folder, { recursive: true })
    }),
    { numRuns: 25 },
  )
  await mkdir(folder)
})
