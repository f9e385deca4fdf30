/** Waiting for a run from outside: ask, show, ask again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureBuild } from '#contracts/features.ts'
import type { ProgressPoint, TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from './client.ts'
import type { CliContext } from './context.ts'
import { bar, createTicker, figure } from './output.ts'

const pollMs = 400

type Run = { state: string; step: string; failure: string | null }

/** Asks until the state is one of `rests`, showing each change of step. */
export async function follow<R extends Run>(
  context: CliContext,
  first: R,
  rests: readonly R['state'][],
  again: () => Promise<R>,
): Promise<R> {
  const ticker = createTicker(context.interactive)
  let run = first
  while (!rests.includes(run.state)) {
    ticker.show(`${run.step}: ${run.state}`)
    await sleep(pollMs)
    run = await again()
  }
  ticker.end()
  return run
}

export const buildRests = ['ready', 'failed', 'stopped'] as const satisfies FeatureBuild['state'][]

/** As `follow`, with the shards of the build, told as they are stored. */
export async function followBuild(context: CliContext, client: ApiClient, first: FeatureBuild): Promise<FeatureBuild> {
  const ticker = createTicker(context.interactive)
  let step = first.step
  for await (const event of client.featureBuilds.events(first.id)) {
    if (event.kind === 'progress') {
      const { done, total } = event.shards
      ticker.show(context.interactive ? `${step} ${bar(done, total)}  ${done} of ${total} shards` : `${step}: ${done} of ${total} shards`)
      continue
    }
    step = event.step
    if ((buildRests as readonly string[]).includes(event.state)) break
    ticker.show(`${event.step}: ${event.state}`)
  }
  ticker.end()
  return await client.featureBuilds.find(first.id)
}

export const trainingRests = [
  'awaiting_approval',
  'approved',
  'rejected',
  'refused',
  'failed',
  'stopped',
] as const satisfies TrainingRun['state'][]

/** As `follow`, with the rounds and the loss of the fit, told as they happen. */
export async function followTraining(context: CliContext, client: ApiClient, first: TrainingRun): Promise<TrainingRun> {
  const ticker = createTicker(context.interactive)
  let step = first.step
  for await (const event of client.trainingRuns.events(first.id)) {
    if (event.kind === 'progress') {
      ticker.show(progressLine(step, event.point, context.interactive))
      continue
    }
    step = event.step
    if ((trainingRests as readonly string[]).includes(event.state)) break
    ticker.show(`${event.step}: ${event.state}`)
  }
  ticker.end()
  return await client.trainingRuns.find(first.id)
}

function progressLine(step: string, { phase, round, totalRounds, metrics }: ProgressPoint, drawn: boolean): string {
  const [name, value] = Object.entries(metrics)[0] ?? []
  const loss = name === undefined ? '' : `  ${name} ${figure(value)}`
  return drawn
    ? `${step} ${bar(round, totalRounds)}  ${phase} round ${round}${loss}`
    : `${step}: ${phase} round ${round} of ${totalRounds}${loss}`
}

/** A run that ended badly makes the command fail, with the run's own reason. @throws QuantloopError */
export function assertEndedWell(kind: string, id: string, run: Run, bad: readonly string[]): void {
  if (!bad.includes(run.state)) return
  const code = run.state === 'refused' ? 'gate_refused' : run.state === 'failed' ? 'conflict' : 'run_stopped'
  throw new QuantloopError(
    code,
    `${kind} ${id} ${run.state === 'failed' ? 'failed' : `was ${run.state}`}${run.failure === null ? '' : `: ${run.failure}`}`,
    {
      id,
      state: run.state,
      step: run.step,
    },
  )
}
