/** Feature rows as files, with the real workers behind the command line; what was written is read back by pyarrow. */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataset as datasets } from '#db/schema.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { computeFeatures } from '#domain/features/compute-features.ts'
import { resolveFeatureSet } from '#domain/features/feature-sets.ts'
import { runFeatures } from '#tests/api/worker.ts'
import { walkBars } from '#tests/support/bars.ts'
import { testServices } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { cliWorld, type CliWorld } from './world.ts'

const bars = [walkBars('AAA', 90, 1), walkBars('BBB', 75, 2), walkBars('CCC', 3000, 3)]
const label = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' } as const

let world: CliWorld
let endFeatures: () => Promise<void>
beforeAll(async () => {
  world = await cliWorld()
  endFeatures = await runFeatures(world)
  const { id } = await landSnapshot(world, 'walks', bars)
  await world.db.update(datasets).set({ headSnapshotId: id })
})
afterAll(async () => {
  await endFeatures?.()
  await world?.close()
})

/** What a script prints as JSON. */
const python = async (script: string, ...args: string[]) =>
  JSON.parse((await promisify(execFile)(testServices().python, ['-c', script, ...args], { maxBuffer: 2 ** 28 })).stdout)

const readParquet = `
import sys, json, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
column = lambda name: [None if v is None else float(v) for v in table.column(name).to_pylist()]
print(json.dumps({
  "types": {f.name: str(f.type) for f in table.schema},
  "rows": [f"{s} {d}" for s, d in zip(table.column("symbol").to_pylist(), table.column("session").to_pylist())],
  "columns": {n: column(n) for n in table.column_names[2:]},
}))`

test('a build is exported under Qlib’s names, each value as it was computed', async () => {
  const export158 = (...more: string[]) => world.run('features', 'export', 'alpha158', '--dataset', 'walks', ...more)
  const out = join(world.folder, 'alpha.parquet')
  expect(await export158('--out', out)).toMatchObject({ code: 1, err: expect.stringContaining('no build of alpha158 over walks is ready') })
  const built = await world.run('features', 'build', 'alpha158', '--dataset', 'walks', '--label', label.expression, '--json')
  expect(built.code).toBe(0)
  const { code, json } = await export158('--out', out, '--json')
  expect(code).toBe(0)
  expect(json()).toMatchObject({ file: out, rows: 3165, symbols: 3, features: 157, buildId: built.json().id })
  expect((await readdir(world.folder)).filter((name) => name.startsWith('alpha'))).toEqual(['alpha.parquet'])

  const read = await python(readParquet, out)
  const names = alpha158.features.map(({ name }) => name).filter((name) => name !== 'VWAP0')
  expect(Object.keys(read.types)).toEqual(['symbol', 'session', ...names])
  expect(new Set(Object.values(read.types).slice(2))).toEqual(new Set(['float']))
  expect([read.types.symbol, read.types.session]).toEqual(['string', 'date32[day]'])
  expect(read.rows).toEqual(bars.flatMap(({ symbol, sessions }) => sessions.map((session) => `${symbol} ${session}`)))
  const computed = bars.map((each) => computeFeatures(resolveFeatureSet('alpha158', label), each, []))
  for (const [at, name] of names.entries())
    expect(read.columns[name], name).toEqual(
      computed.flatMap((columns) => Array.from(columns[at]!, (value) => (Number.isNaN(value) ? null : value))),
    )

  const byId = await export158('--out', out, '--build', built.json().id, '--json')
  expect(byId.json().sha256).toBe(json().sha256)
  expect(await world.run('features', 'export', 'technical', '--dataset', 'walks', '--out', out, '--build', built.json().id)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is of alpha158@1 over walks, not of technical@1'),
  })
})
