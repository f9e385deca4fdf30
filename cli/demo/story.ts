/**
 * The demo's story, told through the API alone: real bars become a trained, approved, deployed model that answers, and
 * a second model on an unpredictable label is refused.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuantloopError } from '#contracts/errors.ts'
import type { ProgressPoint, TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from '../client.ts'
import { progressReader } from '../progress-reader.ts'
import type { DemoReport } from './report.ts'
import * as scenario from './scenario.ts'

/** Tells how far a step is: `fraction` in [0, 1] where it is known. */
export type Progress = (text: string, fraction?: number) => void

export type Chapter = { name: string; title: string; tell: (client: ApiClient, draft: Draft, progress: Progress) => Promise<string> }

/** The report as it grows, and what later chapters need of earlier ones; whole once every chapter was told. */
export type Draft = Partial<DemoReport> & { smallSteps?: TrainingRun; prepared?: { name: string; version: number } }

const pollMs = 250

export const chapters: Chapter[] = [
  {
    name: 'import',
    title: 'Import the real daily bars of four stocks up to 2008-05-30',
    async tell(client, draft, progress) {
      const started = await client.datasets.sync(scenario.dataset, {
        connector: { kind: 'sample', symbols: scenario.symbols, through: scenario.lastSession },
      })
      const sync = await settled(
        () => client.datasets.findSync(scenario.dataset, started.id),
        (s) => s.endedAt !== null || s.state === 'held',
        (s) => progress(s.step),
      )
      if ((sync.state !== 'landed' && sync.state !== 'unchanged') || sync.snapshotId === null)
        throw new Error(`the import ended as ${sync.state}: ${sync.failure ?? 'a price jump waits for approval'}`)
      draft.snapshot = { id: sync.snapshotId, symbols: sync.symbols, rows: sync.rows }
      const real = sync.jumps.filter((jump) => jump.clearedBy === 'adjusted-close')
      const jumps = real.map((j) => `${j.symbol} ${j.session} ${(j.change * 100).toFixed(0)} %`).join(', ')
      return `snapshot ${short(sync.snapshotId)}: ${sync.rows} bars; ${real.length} jump${real.length === 1 ? '' : 's'} shown to be real by the adjusted close (${jumps})`
    },
  },
  {
    name: 'features',
    title: 'Compute the technical features and the label: tomorrow’s range',
    async tell(client, draft, progress) {
      const started = await client.featureBuilds.create({
        dataset: scenario.dataset,
        features: 'technical',
        label: scenario.tomorrowsRange,
      })
      const build = await settled(
        () => client.featureBuilds.find(started.id),
        (b) => b.endedAt !== null,
        (b) => progress(b.step),
      )
      if (build.state !== 'ready') throw new Error(`the feature build ended as ${build.state}: ${build.failure ?? ''}`)
      draft.featureBuild = {
        id: build.id,
        rows: build.rows ?? 0,
        columns: build.columns ?? 0,
        seconds: build.seconds ?? 0,
        cacheHitRatio: build.cacheHitRatio ?? 0,
      }
      return `build ${short(build.id)}: ${build.rows} rows × ${build.columns} features in ${(build.seconds ?? 0).toFixed(2)} s, ${((build.cacheHitRatio ?? 0) * 100).toFixed(0)} % of the columns from the cache`
    },
  },
  {
    name: 'train',
    title: 'Train LightGBM in small steps; pause half-way, lend the slot, resume',
    async tell(client, draft, progress) {
      const run = await train(client, 'range-small-steps', scenario.smallSteps)
      const latest = progressReader(client, run.id)
      await settled(
        latest,
        (point) => point !== undefined && point.round >= scenario.pauseAtRound,
        (point) => progress(describe(point), share(point)),
      )
      await client.trainingRuns.tell(run.id, 'pause')
      const paused = await settled(
        () => client.trainingRuns.find(run.id),
        (r) => r.state === 'paused' || r.endedAt !== null,
        (r) => progress(`${r.state}…`),
      )
      if (paused.state !== 'paused') throw new Error(`the run could not be paused: it is ${paused.state}`)

      progress('paused: its slot is free, another run takes it')
      const guest = await train(client, 'range-large-steps', scenario.largeSteps)
      const finished = await judged(client, guest.id, (r) => progress(`guest run: ${r.step}`))
      draft.guest = { runId: guest.id, model: 'range-large-steps', rounds: finished.rounds ?? 0 }
      if (finished.state === 'awaiting_approval') await client.trainingRuns.tell(guest.id, 'reject')

      await client.trainingRuns.tell(run.id, 'resume')
      const trained = await settled(
        async () => ({ run: await client.trainingRuns.find(run.id), point: await latest() }),
        ({ run: r }) => r.state === 'awaiting_approval' || r.endedAt !== null,
        ({ run: r, point }) => (r.step === 'train' ? progress(describe(point), share(point)) : progress(r.step)),
      )
      const done = trained.run
      if (done.state !== 'awaiting_approval' || done.evaluation === null || done.onnxSha256 === null)
        throw new Error(`the training run ended as ${done.state}: ${done.failure ?? done.evaluation?.gate.reason ?? ''}`)
      draft.smallSteps = done
      draft.trainingRun = {
        id: done.id,
        model: done.modelName,
        metrics: done.evaluation.candidate,
        baselines: done.evaluation.baselines,
        comparisons: done.evaluation.gate.comparisons,
        onnxSha256: done.onnxSha256,
        rounds: done.rounds ?? 0,
        iterationsExecuted: done.iterationsExecuted ?? 0,
        resumedFromRound: done.resumedFromRound ?? 0,
        pausedSeconds: done.pausedSeconds,
      }
      return `${done.rounds} rounds, resumed from round ${done.resumedFromRound} after ${done.pausedSeconds.toFixed(1)} s; the gate: ${done.evaluation.gate.reason}`
    },
  },
  {
    name: 'approve',
    title: 'Approve the model',
    async tell(client, draft) {
      const id = told(draft.smallSteps).id
      await client.trainingRuns.tell(id, 'approve')
      const run = await settled(
        () => client.trainingRuns.find(id),
        (r) => r.endedAt !== null,
      )
      if (run.state !== 'approved' || run.modelVersion === null) throw new Error(`the run ended as ${run.state}`)
      draft.prepared = { name: run.modelName, version: run.modelVersion }
      return `${run.modelName}@${run.modelVersion} is in staging`
    },
  },
  {
    name: 'deploy',
    title: `Deploy it onto the endpoint ${scenario.endpoint}`,
    async tell(client, draft, progress) {
      const started = await client.deployments.create({ endpoint: scenario.endpoint, model: told(draft.prepared) })
      const deployment = await settled(
        () => client.deployments.find(started.id),
        (d) => d.endedAt !== null || d.state === 'active',
        (d) => progress(d.step),
      )
      if (deployment.state !== 'active' || deployment.revision === null)
        throw new Error(`the deployment ended as ${deployment.state}: ${deployment.failure ?? ''}`)
      draft.deployment = { id: deployment.id, strategy: deployment.strategy, revision: deployment.revision }
      return `revision ${deployment.revision} answers`
    },
  },
  {
    name: 'predict',
    title: 'Predict the next session’s range',
    async tell(client, draft) {
      const answer = await client.predict(scenario.endpoint, scenario.symbols)
      draft.predictions = answer.predictions.map((p) => ({
        predictionId: p.predictionId,
        symbol: p.symbol,
        session: p.session,
        value: p.value,
        modelVersion: answer.model.version,
      }))
      return answer.predictions.map((p) => `${p.symbol} ${((Math.exp(p.value) - 0.001) * 100).toFixed(2)} %`).join(', ')
    },
  },
  {
    name: 'trace',
    title: 'Trace the first prediction back to its bars',
    async tell(client, draft, progress) {
      const first = told(draft.predictions)[0]
      if (first === undefined) throw new Error('the endpoint answered no prediction')
      progress('waiting for the prediction to arrive from the log of the replica that answered')
      await shipped(client, first.predictionId)
      progress('re-reading and re-hashing every object, computing features and prediction again')
      draft.trace = await client.predictions.trace(first.predictionId)
      if (!draft.trace.verified) throw new Error(`the trace does not hold: ${JSON.stringify(draft.trace.links.filter((l) => !l.matches))}`)
      const { bars, links } = draft.trace
      return `${links.length} hashes hold; ${bars?.rows} bars from ${bars?.firstSession} to ${bars?.lastSession} give ${draft.trace.recomputedValue} again`
    },
  },
  {
    name: 'refuse',
    title: 'Train on tomorrow’s return, which nobody can predict: the gate refuses',
    async tell(client, draft, progress) {
      const started = await train(client, 'return-large-steps', scenario.returnRecipe)
      const run = await judged(client, started.id, (r) => progress(r.step))
      const reason = run.evaluation?.gate.reason ?? ''
      // whatever the data says: a model that passed here would be told as one
      if (run.state !== 'refused') throw new Error(`the gate let a model of the next-day return pass (${run.state}): ${reason}`)
      draft.refused = { runId: run.id, reason }
      return reason
    },
  },
]

const train = (client: ApiClient, name: string, { featureSet, ...recipe }: scenario.JudgedRecipe) =>
  client.trainingRuns.create({ name, features: featureSet, ...recipe })

/** Follows a run until it waits for approval or has ended. */
const judged = (client: ApiClient, id: string, show: (run: TrainingRun) => void) =>
  settled(
    () => client.trainingRuns.find(id),
    (run) => run.state === 'awaiting_approval' || run.endedAt !== null,
    show,
  )

/** A prediction is answered from memory and logged on the replica's disk; it reaches the database a moment later. */
const shipped = (client: ApiClient, id: string) =>
  settled(
    () =>
      client.predictions.find(id).catch((error: unknown) => {
        if (error instanceof QuantloopError && error.code === 'not_found') return undefined
        throw error
      }),
    (found) => found !== undefined,
  )

async function settled<T>(read: () => Promise<T>, done: (value: T) => boolean, show: (value: T) => void = () => {}): Promise<T> {
  for (;;) {
    const value = await read()
    if (done(value)) return value
    show(value)
    await sleep(pollMs)
  }
}

type Point = ProgressPoint | undefined

const describe = (point: Point) =>
  point === undefined ? 'waiting for the trainer' : `${point.phase}: round ${point.round} of at most ${point.totalRounds}`

const share = (point: Point) => (point === undefined ? 0 : point.round / point.totalRounds)

const short = (hash: string) => hash.slice(0, 12)

function told<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an earlier chapter has not been told')
  return value
}
