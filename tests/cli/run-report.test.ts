import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { trainingRun } from '#db/schema.ts'
import { youngStory } from '#tests/reports/stories.ts'
import { cliWorld, type CliWorld } from './world.ts'

const { run } = youngStory
let world: CliWorld
beforeAll(async () => {
  world = await cliWorld()
  await world.db.insert(trainingRun).values({
    id: run.id,
    modelName: run.modelName,
    recipe: run.recipe,
    state: 'running',
    requestedBy: run.requestedBy,
    bodySha256: 'f'.repeat(64),
  })
})
afterAll(() => world?.close())

test('a run’s report is written to the file that was named', async () => {
  const file = join(world.folder, 'run.html')
  const { code, err, json } = await world.run('runs', 'report', run.id, '--out', file, '--json')
  expect([code, err]).toEqual([0, ''])
  const page = await readFile(file, 'utf8')
  expect(json()).toEqual({ file, bytes: Buffer.byteLength(page) })
  expect(page).toMatch(/^<!doctype html>/)
  expect(page).toContain(run.id)
})

test('without the run nothing is written', async () => {
  const file = join(world.folder, 'none.html')
  const { code, json } = await world.run('runs', 'report', '01985b7e-0000-7000-8000-000000000000', '--out', file, '--json')
  expect([code, json().error.code]).toEqual([1, 'not_found'])
  await expect(readFile(file)).rejects.toThrow('ENOENT')
})
