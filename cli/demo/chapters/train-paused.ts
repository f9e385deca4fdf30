import type { ProgressPoint, TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from '../../client.ts'
import { progressReader } from '../../progress-reader.ts'
import { type Chapter, type Scene, told } from '../chapter.ts'
import * as scenario from '../scenario.ts'
import { startTraining } from '../start-training.ts'
import { judged, settled } from '../waiting.ts'

/** Two runs of one recipe family: the long one is paused, and the short one, which will answer, uses its slot. */
export const trainPaused: Chapter = {
  name: 'train',
  title: 'Train LightGBM in small steps; pause half-way, lend the slot to a run in large steps, resume',
  async tell({ client, draft, progress }) {
    const { dataset } = told(draft.place)
    const run = await startTraining(client, 'range-small-steps', scenario.smallSteps(dataset))
    const latest = progressReader(client, run.id)
    await pauseHalfWay(client, run.id, latest, progress)

    progress('paused: its slot is free, another run takes it')
    const guest = await startTraining(client, 'range-large-steps', scenario.largeSteps(dataset))
    const champion = passed(await judged(client, guest.id, (r) => progress(`guest run: ${r.step}`)))
    draft.guest = { runId: champion.id, model: champion.modelName, rounds: champion.rounds ?? 0 }

    await client.trainingRuns.tell(run.id, 'resume')
    const trained = await settled(
      async () => ({ run: await client.trainingRuns.find(run.id), point: await latest() }),
      ({ run: r }) => r.state === 'awaiting_approval' || r.endedAt !== null,
      ({ run: r, point }) => (r.step === 'train' ? progress(describe(point), share(point)) : progress(r.step)),
    )
    const standIn = passed(trained.run)
    draft.trained = { champion, standIn }
    draft.trainingRun = {
      id: standIn.id,
      model: standIn.modelName,
      metrics: standIn.evaluation.candidate,
      baselines: standIn.evaluation.baselines,
      comparisons: standIn.evaluation.gate.comparisons,
      onnxSha256: standIn.onnxSha256,
      rounds: standIn.rounds ?? 0,
      iterationsExecuted: standIn.iterationsExecuted ?? 0,
      resumedFromRound: standIn.resumedFromRound ?? 0,
      pausedSeconds: standIn.pausedSeconds,
    }
    return `${standIn.rounds} rounds, resumed from round ${standIn.resumedFromRound} after ${standIn.pausedSeconds.toFixed(1)} s; the gate on ${champion.modelName}: ${champion.evaluation.gate.reason}`
  },
}

type Point = ProgressPoint | undefined

async function pauseHalfWay(client: ApiClient, id: string, latest: () => Promise<Point>, progress: Scene['progress']): Promise<void> {
  await settled(
    latest,
    (point) => point !== undefined && point.round >= scenario.pauseAtRound,
    (point) => progress(describe(point), share(point)),
  )
  await client.trainingRuns.tell(id, 'pause')
  const { state } = await settled(
    () => client.trainingRuns.find(id),
    (run) => run.state === 'paused' || run.endedAt !== null,
    (run) => progress(`${run.state}…`),
  )
  if (state !== 'paused') throw new Error(`the run could not be paused: it is ${state}`)
}

/** @throws Error when the gate refused the run, or it failed */
function passed(run: TrainingRun) {
  const { state, evaluation, onnxSha256 } = run
  if (state !== 'awaiting_approval' || evaluation === null || onnxSha256 === null)
    throw new Error(`the training run of ${run.modelName} ended as ${state}: ${run.failure ?? evaluation?.gate.reason ?? ''}`)
  return { ...run, evaluation, onnxSha256 }
}

const describe = (point: Point) =>
  point === undefined ? 'waiting for the trainer' : `${point.phase}: round ${point.round} of at most ${point.totalRounds}`

const share = (point: Point) => (point === undefined ? 0 : point.round / point.totalRounds)
