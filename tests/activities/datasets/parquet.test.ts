import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectDuckDb } from '#activities/snapshots/bar-files.ts'
import { listQuarantinedRows } from '#db/queries/syncs.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
let scratch: string
beforeAll(async () => {
  world = await datasetWorld()
  scratch = await mkdtemp(join(tmpdir(), 'quantloop-parquet-test-'))
})
afterAll(async () => {
  await world.drop()
  await rm(scratch, { recursive: true })
})

/** A Parquet file of what a query answers. */
async function parquetOf(query: string): Promise<Uint8Array> {
  const connection = await connectDuckDb()
  const path = join(scratch, 'bars.parquet')
  await connection.run(`copy (${query}) to '${path}' (format parquet)`)
  connection.closeSync()
  return await readFile(path)
}

async function imported(bytes: Uint8Array, dataset: string) {
  const result = await world.sync({ kind: 'parquet', upload: await world.upload(bytes), filename: 'bars.parquet' }, { dataset })
  return { result, items: (await listQuarantinedRows(world.db, result.syncId, { limit: 20 })).items }
}

const rows = (...lines: string[]) =>
  `select * from (values ${lines.map((line) => `(${line})`).join()}) as t("Date", ticker, open, high, low, close, volume, "Adj Close", note)`
const good = `date '2020-01-02', 'brk-b', 10.0::double, 11.0::double, 9.0::double, 10.5::double, 100::bigint, 5.25::double, 'x'`

describe('a Parquet file', () => {
  it('is the snapshot that the same bars as CSV are, however its columns are typed, named and ordered', async () => {
    const csv =
      'date,symbol,open,high,low,close,volume,adj close\n2020-01-02,BRK.B,10,11,9,10.5,100,5.25\n2020-01-03,BRK.B,10.5,12,10,11.25,0,\n'
    const plain = await world.sync(await world.csv(csv), { dataset: 'parquet-csv' })
    const second = `date '2020-01-03', 'BRK.B', 10.5, 12, 10, 11.25, 0, null, null`
    for (const [name, query] of Object.entries({
      dates: rows(good, second),
      timestamps: `select * replace ("Date"::timestamp_ns as "Date", open::decimal(9, 4) as open, volume::double as volume) from (${rows(good, second)})`,
      texts: `select volume, close, low, high, open, "Adj Close", "Date"::varchar as session, ticker::enum('brk-b', 'BRK.B') as "Symbol" from (${rows(good, second)})`,
    }))
      expect([name, (await imported(await parquetOf(query), `parquet-${name}`)).result.snapshotId]).toEqual([name, plain.snapshotId])
  })

  it('has its bad rows named, by number', async () => {
    const { result, items } = await imported(
      await parquetOf(
        rows(
          good,
          `'2020-01-03', null, 1, 1, 1, 1, 1, null, null`,
          `null, 'A', 1, 1, 1, 1, 1, null, null`,
          `'2020-01-03', 'А', 1, 1, 1, 1, 1, null, null`,
          `'2020-01-03', 'A', 1, null, 1, 1, 1, null, null`,
          `'2020-01-03', 'A', 'nan'::double, 1, 1, 1, 1, null, null`,
          `'2020-01-03', 'A', 1, 'inf'::double, 1, 1, 1, null, null`,
          `'2020-01-03', 'A', -1, 1, 1, 1, 1, null, null`,
        ),
      ),
      'parquet-rows',
    )
    expect(result).toMatchObject({ rows: 1, quarantined: 7 })
    expect(items.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      '2: symbol is empty',
      '3: session is empty',
      "4: symbol 'А' is not a ticker of at most 20 letters, digits and . ^ = -",
      '5: high is empty',
      "6: open 'NaN' is not finite",
      "7: high 'Infinity' is not finite",
      '8: open -1 is not above zero',
    ])
    const noon = await parquetOf(
      `select * replace ("Date" + interval 12 hour as "Date") from (${rows(good)}) union all by name ${rows(good.replace('brk-b', 'A'))}`,
    )
    expect((await imported(noon, 'parquet-noon')).items).toMatchObject([
      { line: 1, reason: 'session 2020-01-02T12:00:00.000Z is a time of day: a session is a date' },
    ])
  })

  it.each([
    ['no Parquet', async () => Buffer.from('date,symbol\n'), /bars\.parquet is not a whole Parquet file/],
    ['half of one', async () => (await parquetOf(rows(good))).subarray(0, 300), /bars\.parquet is not a whole Parquet file/],
    ['columns without prices', () => parquetOf('select 1 as open, 2 as "Open"'), /names open twice: open and Open/],
    ['no volume', () => parquetOf(`select * exclude (volume) from (${rows(good)})`), /lacks volume/],
    [
      'text for numbers',
      () => parquetOf(`select * replace (close::varchar as close) from (${rows(good)})`),
      /has close as VARCHAR: it needs numbers/,
    ],
    [
      'a time zone',
      () => parquetOf(`select * replace ("Date"::timestamptz as "Date") from (${rows(good)})`),
      /needs a date without a time zone/,
    ],
  ])('%s is refused by name', async (_, bytes, message) => {
    const attempt = imported(await bytes(), 'parquet-bad')
    await expect(attempt).rejects.toMatchObject({
      code: 'source_malformed',
      message: expect.stringMatching(message),
      place: { file: 'bars.parquet' },
    })
    await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining(tmpdir()) })
  })

  it('without rows is empty', async () =>
    await expect(imported(await parquetOf(`select * from (${rows(good)}) limit 0`), 'parquet-empty')).rejects.toMatchObject({
      code: 'source_empty',
    }))
})
