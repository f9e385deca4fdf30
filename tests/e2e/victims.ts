/** What can be killed, and how: by pid, with proof. */
import { identityOf } from '#stack/process-identity.ts'
import { descendantsOf, killProcess } from '../faults/kill.ts'
import type { Recipe } from '#contracts/training.ts'
import { smallSteps } from '../../cli/demo/scenario.ts'
import { eventually, type System } from './system.ts'

export const victims = [
  'orchestration',
  'features',
  'trainer',
  'child',
  'serving',
  'api',
  'postgres',
  'temporal',
  'object-store',
  'supervisor',
] as const

export type Victim = (typeof victims)[number]

const recipe = smallSteps('us-daily')

/** The demo's model in steps so small that there is time to kill everything, also where all else is slow. */
export const longRecipe: Recipe = {
  ...recipe,
  params: { ...recipe.params, learning_rate: 0.00005 },
  maxRounds: 100_000,
  patience: 10_000,
}

const fitting = /quantloop_trainer\.fit/

/** Kills with SIGKILL. A supervisor is replaced by the next `up`, which adopts what still runs. */
export async function kill(system: System, victim: Victim): Promise<void> {
  const { supervisor, processes } = await system.status()
  const pid = victim === 'supervisor' ? supervisor : processes[victim === 'child' ? 'trainer' : victim]?.pid
  const identity = typeof pid === 'number' ? identityOf(pid) : undefined
  if (identity === undefined) throw new Error(`${victim} does not run: ${JSON.stringify(processes)}`)
  if (victim === 'child') {
    const child = await eventually(
      async () => descendantsOf(identity, fitting)[0],
      (found) => found !== undefined,
    )
    await killProcess(child!, fitting)
    return
  }
  await killProcess(identity, /./)
  if (victim === 'supervisor') await system.must('up', '--detach')
}

/** Every process works again, as the supervisor checked. */
export const allReady = (system: System) =>
  eventually(
    () => system.status(),
    ({ up, processes }) => up && Object.values(processes).every(({ state }) => state === 'ready'),
  )

/** The run has written its next progress point. @throws when it has nothing left to write */
export async function progressed(system: System, runId: string): Promise<void> {
  const before = await eventually(
    () => system.newestStep(runId),
    () => true,
  )
  const seen = await eventually(
    async () => ({ step: await system.newestStep(runId), run: await system.findRun(runId) }),
    ({ step, run }) => step > before || run.state !== 'running',
  )
  if (seen.step <= before) throw new Error(`the run is ${seen.run.state}: it ended before everything was killed`)
}
