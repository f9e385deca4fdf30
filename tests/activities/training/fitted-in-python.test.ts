/** From bars to a registered version, by the features engine and the trainer's own process, but for Temporal. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFeatureBuildActivities } from '#activities/features.ts'
import { computeShards, type ShardsResult } from '#activities/features/compute-shards.ts'
import { readyManifest } from '#activities/features/ready-manifest.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { checkParity } from '#activities/training/check-parity.ts'
import { evaluateCandidate } from '#activities/training/evaluate-candidate.ts'
import { readJson } from '#activities/training/read-json.ts'
import { registerCandidate } from '#activities/training/register-candidate.ts'
import { verifyPrediction } from '#activities/trace/verify-prediction.ts'
import { type BuildInput, FeatureBuildManifest, type LabelDefinition } from '#contracts/features.ts'
import { ModelSidecar } from '#contracts/models.ts'
import { PredictResponse } from '#contracts/predictions.ts'
import { FitReport, Recipe } from '#contracts/training.ts'
import { decideModelVersion } from '#db/commands/decide-model-version.ts'
import { openTrainingRun } from '#db/commands/open-training-run.ts'
import { findFeatureBuild, findNewestBuild } from '#db/queries/feature-builds.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { findModelVersion } from '#db/queries/models.ts'
import { processedLabel } from '#domain/features/build-processors.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import { resolveFeatureSet } from '#domain/features/feature-sets.ts'
import { shipPredictions } from '#serving/prediction-log/ship-predictions.ts'
import { deployVersion, issueKey, servingApp } from '#tests/serving/serving-app.ts'
import { walkBars } from '#tests/support/bars.ts'
import { buildFeatures } from '#tests/support/build-features.ts'
import { fitInPython } from '#tests/support/fit-in-python.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'

const label: LabelDefinition = {
  expression: 'Log(Ref($high,-1)/Ref($low,-1)-1+0.001)',
  persistence: 'Log(Mean($high/$low-1,5)+0.001)',
  kind: 'time-series',
}
const origin = { by: 'tester', bodySha256: '0'.repeat(64) }
const seeds = { AAA: 1, BBB: 2, CCC: 3 }
const sessions = walkBars('AAA', 320, 1).sessions
const range = (from: number, to: number) => ({ from: sessions[from]!, to: sessions[to]! })

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let pool: ThreadPool

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  pool = createThreadPool(1)
})
afterAll(async () => {
  await pool.close()
  await store.drop()
  await database.drop()
})

/** A build of the first sessions of the same walks, as a snapshot of that day would give it. */
async function buildOf(set: string, count: number) {
  const world = { db: database.db, objects: store.objects }
  const featureSet = resolveFeatureSet(set, label)
  const bars = Object.entries(seeds).map(([symbol, seed]) => walkBars(symbol, count, seed))
  const snapshot = await landSnapshot(world, 'walks', bars)
  const definition = definitionHash(featureSet, label)
  const buildId = buildIdOf(definition, snapshot.id)
  const input: BuildInput = { buildId, definitionHash: definition, snapshotId: snapshot.id, dataset: 'walks', featureSet, label, origin }
  const builds = createFeatureBuildActivities(world)
  await builds.openFeatureBuild(input)
  const plan = await builds.planFeatureBuild(input)
  const results: ShardsResult[] = []
  for (const groups of plan.batches)
    results.push(
      await computeShards({ ...world, pool }, { snapshot: plan.snapshot, groups, featureSet, label }, new AbortController().signal),
    )
  return { snapshotId: snapshot.id, build: { id: buildId, manifest: await builds.publishFeatureBuild(input, results) } }
}

const recipeOf = (changes: Pick<Recipe, 'model' | 'featureSet' | 'segments'>): Recipe =>
  Recipe.parse({
    params: { min_data_in_leaf: 20, feature_fraction: 0.5, bagging_fraction: 0.7, bagging_freq: 1 },
    dataset: 'walks',
    label,
    startFrom: 'linear',
    seed: 7,
    maxRounds: 40,
    patience: 40,
    blockRounds: 15,
    threads: 1,
    missing: 'accept',
    ...changes,
  })

const fit = (runId: string, recipe: Recipe, { build }: Awaited<ReturnType<typeof buildOf>>) =>
  fitInPython({ databaseUrl: database.url, store }, { runId, recipe, build: build.manifest })

describe('a persistence model', () => {
  it('is the mean gap behind the naive forecast: fitted, compared, registered as a baseline that refuses what is missing', async () => {
    const test = range(200, 299)
    const recipe = recipeOf({
      model: 'persistence',
      featureSet: 'persistence',
      segments: { train: range(0, 149), earlyStopping: range(150, 199), test },
    })
    const runId = randomUUID()
    const built = await buildOf('persistence', 320)
    await openTrainingRun(database.db, { runId, modelName: 'naive', recipe, origin })
    const fitted = await fit(runId, recipe, built)
    expect(fitted).toMatchObject({ rounds: 1, resumedFromRound: 0 })
    const run = { runId, recipe, snapshotId: built.snapshotId, build: built.build, fit: fitted }

    const parity = await checkParity(store.objects, fitted)
    expect(parity.exceedingRows).toBe(0)
    const evaluation = await evaluateCandidate(database.db, store.objects, { ...run, test }, new AbortController().signal)
    // a hundred sessions less the one whose label ends after them, three symbols each
    expect(evaluation.candidate).toMatchObject({ sessions: 99, rows: 297 })
    expect(evaluation.gate.passed).toBe(true)
    expect(evaluation.gate.reason).toMatch(/^Registered as a baseline, which is not asked to beat itself; /)
    // the version is the very baseline that other candidates are compared with, but for float32
    expect(evaluation.candidate.meanSquaredError).toBeCloseTo(evaluation.baselines.persistence.meanSquaredError, 6)
    expect(evaluation.candidate.skill).toBeCloseTo(0, 6)

    const { version } = await registerCandidate(database.db, store.objects, { ...run, modelName: 'naive', parity, evaluation })
    const registered = await findModelVersion(database.db, 'naive', version)
    expect(registered).toMatchObject({ stage: 'testing', onnx: fitted.onnx })
    expect(await readJson(store.objects, registered!.sidecar, ModelSidecar, 'sidecar')).toMatchObject({
      featureOrder: ['naive_forecast'],
      missing: 'refuse',
      recipe,
    })
  })
})

describe('a fit without a test segment', () => {
  it('gives the same files on a build over a later snapshot', async () => {
    const segments = { train: range(0, 199), earlyStopping: range(200, 259) }
    const recipe = recipeOf({ model: 'lightgbm', featureSet: 'technical', segments })
    const then = await buildOf('technical', 260)
    const later = await buildOf('technical', 320)
    expect(later.build).not.toEqual(then.build)
    const [first, second] = [await fit(randomUUID(), recipe, then), await fit(randomUUID(), recipe, later)]
    expect(second).toEqual(first)
    const report = await readJson(store.objects, first.report, FitReport, 'fit report')
    const manifest = await readJson(store.objects, then.build.manifest, FeatureBuildManifest, 'feature build')
    expect(report.featureOrder).toEqual(manifest.columns.map(({ name }) => name))
    // labels reach one session ahead, and end within early stopping: the last session is not fitted
    expect(report.rows).toEqual({ train: 3 * 199, earlyStopping: 3 * 59, refit: 3 * 259 })
    expect((await checkParity(store.objects, first)).exceedingRows).toBe(0)
  })
})

describe('a recipe with processors across symbols', () => {
  it.each([
    ['all symbols', undefined, 12],
    ['members of a universe', 'large', 10],
  ])('is trained, judged, deployed, answered by symbol and traced to the bars of %s', async (_, universe, symbols) => {
    const world = { db: database.db, objects: store.objects, pool }
    const { db, objects } = world
    const dataset = universe ?? 'market'
    const market = Array.from({ length: 12 }, (_, at) => walkBars(`M${String(at).padStart(2, '0')}`, 320, 40 + at))
    const spans = market.slice(0, symbols).map(({ symbol }) => ({ symbol, from: '2000-01-03', to: '2099-12-31' }))
    // one leaves for a while, another for good
    spans[3]!.to = sessions[120]!
    spans.push({ ...spans[3]!, from: sessions[130]!, to: '2099-12-31' })
    spans[5]!.to = sessions[249]!
    const universes = universe === undefined ? undefined : [{ name: universe, spans }]
    const snapshot = await landSnapshot({ db, objects }, dataset, market, [], universes)
    // what of the next session is known already: a model has something to learn
    const plain = { expression: 'Ref(Mean($close,10),-1)/$close', kind: 'cross-sectional' } as const
    const label = processedLabel(plain, [{ kind: 'CSZScoreNorm', method: 'zscore' }])
    const test = range(200, 299)
    const recipe: Recipe = {
      ...recipeOf({ model: 'lightgbm', featureSet: 'technical', segments: { train: range(0, 149), earlyStopping: range(150, 199), test } }),
      dataset,
      label,
      processors: Recipe.shape.processors.parse([
        { kind: 'ProcessInf' },
        { kind: 'CSZFillna' },
        { kind: 'CSRankNorm' },
        { kind: 'RobustZScoreNorm' },
        { kind: 'Fillna' },
      ])!,
      ...(universe === undefined ? {} : { universe }),
    }
    const featureSet = await resolveSet(db, recipe.featureSet, label, { dataset, universe }, recipe.processors)
    const buildId = await buildFeatures(world, { snapshot, dataset, featureSet, label })
    const { manifest } = await readyManifest(world, buildId)
    expect(manifest.columns.every(({ expression }) => expression.startsWith('(CSRank(CSFillna(CSProcessInf('))).toBe(true)
    const row = await findFeatureBuild(db, buildId)
    // the set as it was registered has another newest build
    expect(row!.featureSet.processors).toHaveLength(3)
    expect(await findNewestBuild(db, { dataset, featureSet: { name: 'technical', version: 1 }, universe })).toBeUndefined()

    const runId = randomUUID()
    const build = { id: buildId, manifest: row!.manifest! }
    await openTrainingRun(db, { runId, modelName: dataset, recipe, origin })
    const fitted = await fit(runId, recipe, { snapshotId: snapshot.id, build })
    const report = await readJson(objects, fitted.report, FitReport, 'fit report')
    // the build has done the others
    expect(report.processors?.steps.map(({ kind }) => kind)).toEqual(['scale', 'fill'])
    const run = { runId, recipe, snapshotId: snapshot.id, build, fit: fitted }
    const parity = await checkParity(objects, fitted)
    expect(parity.exceedingRows).toBe(0)
    const evaluation = await evaluateCandidate(db, objects, { ...run, test }, new AbortController().signal)
    expect([evaluation.gate.passed, evaluation.gate.measure]).toEqual([true, 'rank-information-coefficient'])
    // but for the session whose label ends after them, and the sessions after a member has left
    expect(evaluation.candidate).toMatchObject({ sessions: 99, rows: 99 * symbols - (universe === undefined ? 0 : 49) })
    const { version } = await registerCandidate(db, objects, { ...run, modelName: dataset, parity, evaluation })
    await decideModelVersion(db, { runId, verdict: 'approve', command: { commandId: randomUUID(), by: 'ann' } })

    await (await deployVersion(db, objects, dataset, { name: dataset, version })).activate()
    const serving = await servingApp({ db, objects })
    try {
      await serving.look()
      const key = await issueKey(db)
      const predict = (...asked: string[]) =>
        serving.app.request(`/v1/endpoints/${dataset}/predict`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ symbols: asked }),
        })
      const { predictions } = PredictResponse.parse(await (await predict('M03', 'M07')).json())
      expect((await predict('M05')).status).toBe(universe === undefined ? 200 : 422)
      await shipPredictions(db, serving.log)
      expect(predictions).toHaveLength(2)
      for (const { predictionId } of predictions) {
        const trace = await verifyPrediction(db, objects, predictionId, new AbortController().signal)
        expect(trace).toMatchObject({ verified: true, featuresRecomputed: true, bars: { symbols } })
      }
    } finally {
      await serving.close()
    }
  })
})
