/**
 * kill -9 of every process in turn while a model is trained. Each figure is the time from the kill until every process
 * works again and the run has written its next progress point; the limit is 30 s. The answers compared are the ONNX
 * bytes of the killed run and of a quiet one.
 */
import { fileURLToPath } from 'node:url'
import type { Sync } from '#contracts/datasets.ts'
import type { TrainingRun } from '#contracts/training.ts'
import { eventually, System } from '#tests/e2e/system.ts'
import { allReady, kill, longRecipe, progressed, type Victim, victims } from '#tests/e2e/victims.ts'
import type { Measurement } from './measurement.ts'

const limitSeconds = 30
/** as many as one run outlasts */
const victimsARun = 4
const python = fileURLToPath(new URL('../.quantloop/python/bin/python', import.meta.url))

export async function benchmark(): Promise<Measurement[]> {
  const system = await System.create(python)
  try {
    await system.must('up', '--detach')
    const sync = await system.api<Sync>('POST', '/datasets/us-daily/sync', { connector: { kind: 'sample' } })
    await eventually(
      () => system.api<Sync>('GET', `/datasets/us-daily/syncs/${sync.id}`),
      ({ state }) => state === 'landed',
    )
    const quiet = await judged(system, (await system.train('quiet', longRecipe)).id)
    const seconds = new Map<Victim, number>()
    let answersEqual = true
    for (let first = 0; first < victims.length; first += victimsARun) {
      const run = await system.train('killed', longRecipe)
      for (const victim of victims.slice(first, first + victimsARun)) {
        await progressed(system, run.id)
        const begun = performance.now()
        await kill(system, victim)
        await allReady(system)
        await progressed(system, run.id)
        seconds.set(victim, (performance.now() - begun) / 1000)
        process.stderr.write(`${victim}: ${seconds.get(victim)!.toFixed(1)} s\n`)
      }
      const killed = await judged(system, run.id)
      answersEqual &&= killed.onnxSha256 !== null && killed.onnxSha256 === quiet.onnxSha256 && killed.rounds === quiet.rounds
    }
    return [...seconds].map(([victim, ours]) => ({
      name: `recovery from kill -9 of ${victim}`,
      unit: 's',
      ours,
      peer: limitSeconds,
      ratio: ours / limitSeconds,
      goal: 1,
      met: answersEqual && ours < limitSeconds,
      answersEqual,
    }))
  } finally {
    await system.remove()
  }
}

const judged = (system: System, id: string): Promise<TrainingRun> =>
  eventually(
    () => system.findRun(id),
    ({ state, endedAt }) => state === 'awaiting_approval' || endedAt !== null,
  )
