/** Every process is killed in turn while one model is trained: the bytes are those of a quiet run. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sync } from '#contracts/datasets.ts'
import type { TrainingRun } from '#contracts/training.ts'
import { eventually, System } from './system.ts'
import { allReady, kill, longRecipe, progressed, victims } from './victims.ts'

let system: System
let quiet: TrainingRun

const judged = (id: string) =>
  eventually(
    () => system.findRun(id),
    (run) => run.state === 'awaiting_approval' || run.endedAt !== null,
  )

beforeAll(async () => {
  system = await System.create()
  await system.must('up', '--detach')
  const sync = await system.api<Sync>('POST', '/datasets/us-daily/sync', { connector: { kind: 'sample' } })
  await eventually(
    () => system.api<Sync>('GET', `/datasets/us-daily/syncs/${sync.id}`),
    (s) => s.state === 'landed',
  )
  quiet = await judged((await system.train('quiet', longRecipe)).id)
}, 300_000)

afterAll(() => system.remove(), 60_000)

test('killed -9 one after the other, the run ends with the bytes of the quiet one', async () => {
  const run = await system.train('killed', longRecipe)
  for (const victim of victims) {
    await progressed(system, run.id)
    await kill(system, victim)
  }
  await allReady(system)
  const survived = await judged(run.id)
  expect(quiet.state).toBe('awaiting_approval')
  expect(survived).toMatchObject({ state: 'awaiting_approval', onnxSha256: quiet.onnxSha256, rounds: quiet.rounds })
  expect(survived.resumedFromRound).toBeGreaterThan(0)
  // each kill repeats one block at most
  expect(survived.iterationsExecuted).toBeLessThan((quiet.iterationsExecuted ?? 0) + victims.length * longRecipe.blockRounds)
}, 480_000)

test('there is one registration, and one audit row for it', async () => {
  expect(await system.violations()).toEqual([])
})
