import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataset } from '#db/schema.ts'
import { runExaminations } from '#tests/api/worker.ts'
import { cliWorld, type CliWorld } from './world.ts'

let world: CliWorld
let end: () => Promise<void>
beforeAll(async () => {
  world = await cliWorld()
  end = await runExaminations(world)
  await world.db.insert(dataset).values({ name: 'empty', connector: { kind: 'sample' } })
})
afterAll(async () => {
  await end?.()
  await world?.close()
})

test('what was found in the newest snapshot, as a table and as JSON', async () => {
  const { code, err, json } = await world.run('data', 'quality', 'us-daily', '--json')
  expect([code, err]).toEqual([0, ''])
  const report = json()
  expect(report).toMatchObject({ rows: 40, symbols: [{ symbol: 'AAPL', missing: 0 }] })
  // its bars lie on holidays too
  expect(report.findings).toMatchObject([{ kind: 'own-calendar' }])
  const { out } = await world.run('data', 'quality', 'us-daily', report.snapshotId)
  expect(out).toMatch(/bars +40 of 1 symbols/)
  for (const { text } of report.findings) expect(out).toContain(text)
})

test('a page is written to the file that was named', async () => {
  const file = join(world.folder, 'quality.html')
  const { code, json } = await world.run('data', 'quality', 'us-daily', '--out', file, '--json')
  const page = await readFile(file, 'utf8')
  expect([code, json()]).toEqual([0, { file, bytes: Buffer.byteLength(page) }])
  expect(page).toMatch(/^<!doctype html>/)
})

test('without a snapshot there is nothing to tell', async () => {
  expect(await world.run('data', 'quality', 'empty')).toMatchObject({ code: 1, err: expect.stringContaining('has no snapshot yet') })
  expect(await world.run('data', 'quality', 'us-daily', 'f'.repeat(64))).toMatchObject({
    code: 1,
    err: expect.stringContaining('not_found'),
  })
})
