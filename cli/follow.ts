/** Waiting for a run from outside: ask, show, ask again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuantloopError } from '#contracts/errors.ts'
import type { ProgressPoint, TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from './client.ts'
import type { CliContext } from './context.ts'
import { bar, createTicker, figure } from './output.ts'
import { progressReader } from './progress-reader.ts'

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

export const trainingRests = [
  'awaiting_approval',
  'approved',
  'rejected',
  'refused',
  'failed',
  'stopped',
] as const satisfies TrainingRun['state'][]

/** As `follow`, with the rounds and the loss of the fit. */
export async function followTraining(context: CliContext, client: ApiClient, first: TrainingRun): Promise<TrainingRun> {
  const ticker = createTicker(context.interactive)
  let run = first
  let point: ProgressPoint | undefined
  const newestPoint = progressReader(client, first.id)
  while (!(trainingRests as readonly string[]).includes(run.state)) {
    ticker.show(point && run.state === 'running' ? progressLine(run, point, context.interactive) : `${run.step}: ${run.state}`)
    await sleep(pollMs)
    run = await client.trainingRuns.find(run.id)
    point = await newestPoint()
  }
  ticker.end()
  return run
}

function progressLine(run: TrainingRun, { phase, round, totalRounds, metrics }: ProgressPoint, drawn: boolean): string {
  const [name, value] = Object.entries(metrics)[0] ?? []
  const loss = name === undefined ? '' : `  ${name} ${figure(value)}`
  return drawn
    ? `${run.step} ${bar(round, totalRounds)}  ${phase} round ${round}${loss}`
    : `${run.step}: ${phase} round ${round} of ${totalRounds}${loss}`
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
