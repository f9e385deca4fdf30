import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { tableFromIPC } from 'apache-arrow'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FeatureBuildManifest } from '#contracts/features.ts'
import { recipeHashOf } from '#contracts/recipe-hash.ts'
import { type CalibrateResult, WalkForward } from '#contracts/supervision.ts'
import type { Recipe } from '#contracts/training.ts'
import { calibration } from '#db/schema.ts'
import { loadModel } from '#inference/onnx-model.ts'
import { type FittedBuild, recipe as base, sessions, storeFittedBuild } from '#tests/support/fitted-build.ts'
import { featureOrder } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import * as messages from '#workflows/messages/run.ts'
import { command } from '../durable/world.ts'
import { type CalibrationWorld, createCalibrationWorld, registerFitted } from './world.ts'

let server: DevTemporal
let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let bundle: WorkflowBundleWithSourceMap
let fitted: FittedBuild

beforeAll(async () => {
  quietRuntime()
  ;[server, database, store, bundle] = await Promise.all([
    devTemporal(),
    testDatabase(),
    testObjectStore(),
    bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./stories.ts', import.meta.url)) }),
  ])
  fitted = await storeFittedBuild(store.objects)
})
afterAll(async () => {
  await server.close()
  await store.drop()
  await database.drop()
})

const inWorld = async (test: (world: CalibrationWorld) => Promise<void>) => {
  const world = createCalibrationWorld(server, bundle, { db: database.db, objects: store.objects }, fitted)
  await world.withWorkers(() => test(world))
}

/** Each seed is another recipe, so another calibration. */
const register = (seed: number, changes: Partial<Recipe> = {}) => {
  const recipe: Recipe = { ...base, seed, ...changes }
  return { recipe, recipeHash: recipeHashOf(recipe), model: registerFitted(database.db, fitted, `seed-${seed}`, recipe) }
}

const rowOf = async (recipeHash: string) => (await database.db.select().from(calibration).where(eq(calibration.recipeHash, recipeHash)))[0]

const walkOf = async ([outcome]: CalibrateResult[]) =>
  WalkForward.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(outcome!.walkForward!))))

/** What the fitted model says of one session, worked out from the shard row by row. */
async function errorsOn(session: string): Promise<{ loss: number; bias: number }> {
  const manifest = FeatureBuildManifest.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(fitted.build.manifest))))
  const table = tableFromIPC(await store.objects.get(manifest.shards[0]!.object))
  const model = await loadModel(await store.objects.get(fitted.fit.onnx), { features: featureOrder.length })
  const errors: number[] = []
  for (const row of table.toArray() as Record<string, number>[]) {
    if (new Date(row.session!).toISOString().slice(0, 10) !== session) continue
    const [forecast] = await model.predict(
      Float32Array.from(featureOrder, (name) => row[name]!),
      1,
    )
    errors.push(forecast! - row.label!)
  }
  await model.release()
  expect(errors).toHaveLength(4)
  return {
    loss: errors.reduce((sum, error) => sum + error ** 2, 0) / 4,
    bias: errors.reduce((sum, error) => sum + error, 0) / 4,
  }
}

describe('calibrateRecipe', () => {
  it('fits four folds one after the other, and keeps the error of each session forecast', () =>
    inWorld(async (world) => {
      const { recipe, recipeHash, model } = register(1)
      const outcome = await (await world.startWaiter(await model)).result()
      expect(outcome).toMatchObject([{ recipeHash, state: 'ready', failure: null }])
      // 139 of the 140 fitted sessions have a label that ends within them; the first 69 only train
      const walk = await walkOf(outcome)
      expect(walk.recipeHash).toBe(recipeHash)
      expect(walk.sessions.map(({ session }) => session)).toEqual(sessions.slice(69, 139))
      expect(walk.folds.map(({ trainedThrough, from, to }) => [trainedThrough, from, to].map((day) => sessions.indexOf(day)))).toEqual([
        [68, 69, 85],
        [85, 86, 103],
        [103, 104, 120],
        [120, 121, 138],
      ])
      expect(walk.folds.map(({ rounds }) => rounds)).toEqual([1, 2, 3, 4])
      for (const session of [walk.sessions[0]!, walk.sessions.at(-1)!]) {
        const expected = await errorsOn(session.session)
        expect(session.rows).toBe(4)
        expect(session.loss).toBeCloseTo(expected.loss, 12)
        expect(session.bias).toBeCloseTo(expected.bias, 12)
      }

      // 40 of 140 sessions stop early in the recipe, and the same share in each fold
      expect(world.fits).toHaveLength(4)
      const [first] = world.fits
      expect(first!.build).toEqual(fitted.build.manifest)
      expect(first!.recipe).toEqual({
        ...recipe,
        segments: { train: { from: sessions[0], to: sessions[48] }, earlyStopping: { from: sessions[49], to: sessions[68] } },
      })
      expect(new Set(world.fits.map(({ runId }) => runId)).size).toBe(4)
      const row = await rowOf(recipeHash)
      expect(row).toMatchObject({ state: 'ready', step: 'publish', modelName: 'seed-1', modelVersion: 1, requestedBy: 'tester' })
      expect(row?.endedAt).not.toBeNull()
    }))

  it('is one calibration for all who ask, nudges each at its end, and is answered at once to who asks later', () =>
    inWorld(async (world) => {
      const { recipe, model } = register(2)
      world.gate.close()
      const first = await world.startWaiter(await model)
      await world.gate.reached()
      // another version of the same recipe
      const twin = await registerFitted(database.db, fitted, 'twin', recipe)
      const waits = world.journalled(({ kind }) => kind === 'training-run')
      const second = await world.startWaiter(twin)
      await waits
      world.gate.unlock()
      const outcomes = await Promise.all([first.result(), second.result()])
      expect(outcomes[0]).toMatchObject([{ state: 'ready' }])
      expect(outcomes[1]).toEqual(outcomes[0])
      expect(await (await world.startWaiter(twin)).result()).toEqual(outcomes[0])
      expect(world.fits).toHaveLength(4)
    }))

  it('pauses during a fit, frees its slot, and goes on with the same fold under the same run', () =>
    inWorld(async (world) => {
      const { recipeHash, model } = register(3)
      world.gate.close()
      const waiter = await world.startWaiter(await model)
      await world.gate.reached()
      const paused = world.journalled(({ kind, phase }) => kind === 'calibration' && phase === 'paused')
      await world.calibration(recipeHash).executeUpdate(messages.pause, { args: [command('ann')] })
      await paused
      expect(await rowOf(recipeHash)).toMatchObject({ state: 'paused', step: `fit for ${sessions[69]}`, pausedBy: 'ann' })
      world.gate.unlock()
      await world.calibration(recipeHash).executeUpdate(messages.resume, { args: [command('ann')] })
      expect(await waiter.result()).toMatchObject([{ state: 'ready' }])
      expect(world.fits).toHaveLength(5)
      expect(world.fits[1]).toEqual(world.fits[0])
    }))

  it('tells a failure to who waited for it, and is tried again under the same runs for who comes later', () =>
    inWorld(async (world) => {
      const { recipeHash, model } = register(4)
      world.state.fit = 'fails'
      const waiter = await world.startWaiter(await model, 2)
      // the second question is answered with the failure that the first one met: it is not tried again for ever
      const failed = { recipeHash, state: 'failed', walkForward: null, failure: 'the label is constant' }
      expect(await waiter.result()).toEqual([failed, failed])
      expect(world.fits).toHaveLength(1)
      expect(await rowOf(recipeHash)).toMatchObject({ state: 'failed', failure: 'the label is constant' })
      world.state.fit = 'answers'
      expect(await (await world.startWaiter(await model)).result()).toMatchObject([{ state: 'ready', failure: null }])
      expect(world.fits[1]!.runId).toBe(world.fits[0]!.runId)
      expect(await rowOf(recipeHash)).toMatchObject({ state: 'ready', failure: null })
    }))

  it('can be stopped', () =>
    inWorld(async (world) => {
      const { recipeHash, model } = register(5)
      world.gate.close()
      const waiter = await world.startWaiter(await model)
      await world.gate.reached()
      await world.calibration(recipeHash).executeUpdate(messages.stop, { args: [command('ann')] })
      expect(await waiter.result()).toMatchObject([{ state: 'stopped', failure: 'stopped by ann' }])
      world.gate.unlock()
    }))

  it('says why a recipe on too few sessions cannot be calibrated', () =>
    inWorld(async (world) => {
      const range = (from: number, to: number) => ({ from: sessions[from]!, to: sessions[to]! })
      const { model } = register(6, { segments: { train: range(0, 9), earlyStopping: range(10, 14) } })
      expect(await (await world.startWaiter(await model)).result()).toMatchObject([
        { state: 'failed', failure: expect.stringContaining('are 14 with a known label: a walk-forward of 4 folds needs 16') as string },
      ])
      expect(world.fits).toEqual([])
    }))
})
