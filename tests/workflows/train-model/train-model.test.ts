import { randomUUID } from 'node:crypto'
import { WorkflowFailedError } from '@temporalio/client'
import { type ActivityFailure, ApplicationFailure } from '@temporalio/common'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runIdOfTraining, trainingWorkflowId } from '#contracts/ids.ts'
import { ModelSidecar, ModelVersion } from '#contracts/models.ts'
import { type Recipe, TrainingRun, TrainModelResult } from '#contracts/training.ts'
import { findModel, findModelVersion } from '#db/queries/models.ts'
import { audit, modelVersion, testOpening } from '#db/schema.ts'
import { type FittedBuild, recipe, seedSnapshot, snapshotId, storeFittedBuild } from '#tests/support/fitted-build.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { quietRuntime, timeSkippingTemporal } from '#tests/support/temporal.ts'
import * as messages from '#workflows/messages/run.ts'
import { createTrainingWorld, type TrainingWorld } from './world.ts'

let server: TestWorkflowEnvironment
let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let fitted: FittedBuild

beforeAll(async () => {
  quietRuntime()
  ;[server, database, store] = await Promise.all([timeSkippingTemporal(), testDatabase(), testObjectStore()])
  await seedSnapshot(database.db, store.objects)
  fitted = await storeFittedBuild(store.objects)
})
afterAll(async () => {
  await server.teardown()
  await database.drop()
  await store.drop()
})

const inWorld =
  (test: (world: TrainingWorld) => Promise<void>, given: () => Promise<FittedBuild> = () => Promise.resolve(fitted)) =>
  async () => {
    const at = { client: server.client, nativeConnection: server.nativeConnection, namespace: 'default' }
    const world = await createTrainingWorld(at, { db: database.db, objects: store.objects }, await given())
    await world.withWorkers(() => test(world))
  }

const command = (by: string) => ({ commandId: randomUUID(), by })

const rowOf = async (world: TrainingWorld, workflowId: string) => {
  const row = await world.row(runIdOfTraining(workflowId))
  return TrainingRun.parse(row)
}

const auditOf = async (...subjects: string[]) => {
  const rows = await database.db.select().from(audit).orderBy(asc(audit.id))
  return rows
    .filter(({ subject }) => subjects.includes(subject))
    .map(({ action, by, subject }) => `${action} ${subject.split('/')[0]} by ${by}`)
}

const versionOf = async (runId: string) => (await database.db.select().from(modelVersion).where(eq(modelVersion.runId, runId)))[0]

const failureOf = async (result: Promise<unknown>) => {
  const error = await result.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(WorkflowFailedError)
  const cause = (error as WorkflowFailedError).cause
  return (cause instanceof ApplicationFailure ? cause : (cause as ActivityFailure).cause) as ApplicationFailure
}

describe('features that nobody has checked', () => {
  it(
    'are checked before the fit, with the test segment closed, and with a pause like any other work',
    inWorld(async (world) => {
      world.gates.check.close()
      const handle = await world.start()
      await world.gates.check.reached()
      expect(world.checks).toEqual([{ buildId: fitted.build.id, seed: 0, before: recipe.segments.test!.from }])
      expect(world.fits).toEqual([])
      await handle.executeUpdate(messages.pause, { args: [command('ann')] })
      world.gates.check.unlock()
      await world.written('check', 'paused')
      await handle.executeUpdate(messages.resume, { args: [command('ann')] })
      await world.written('approval', 'awaiting_approval')
      expect(world.fits).toHaveLength(1)
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      await handle.result()
    }),
  )

  it(
    'and cannot be trusted refuse the run: nothing is fitted, and the reason is told and audited',
    inWorld(async (world) => {
      world.state.check = 'refused'
      const handle = await world.start()
      const runId = runIdOfTraining(handle.workflowId)
      const reason = 'the features cannot be trusted: volume seems to know the label'
      expect(await handle.result()).toEqual({ runId, state: 'refused', reason })
      expect(await rowOf(world, handle.workflowId)).toMatchObject({ state: 'refused', failure: reason, evaluation: null })
      expect([world.fits, await versionOf(runId)]).toEqual([[], undefined])
      expect(await auditOf(`training-run/${runId}`)).toEqual(['refuse training-run by feature-check'])
    }),
  )

  it(
    'on too little to say anything do not hold it up',
    inWorld(async (world) => {
      world.state.check = 'inconclusive'
      const handle = await world.start()
      await world.written('approval', 'awaiting_approval')
      expect(world.fits).toHaveLength(1)
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      await handle.result()
    }),
  )
})

describe('a candidate that passes its gate', () => {
  it(
    'is fitted on features of the time that its run names',
    inWorld(async (world) => {
      const asOf = '2008-06-02T21:00:00.000Z'
      const handle = await world.start({ asOf })
      await world.written('approval', 'awaiting_approval')
      expect(world.state.asOf).toBe(asOf)
      expect(await rowOf(world, handle.workflowId)).toMatchObject({ asOf, buildId: fitted.build.id })
    }),
  )

  it(
    'is registered at testing with its lineage, waits, and goes to staging when approved',
    inWorld(async (world) => {
      const handle = await world.start({ modelName: 'range' })
      const runId = runIdOfTraining(handle.workflowId)
      await world.written('approval', 'awaiting_approval')
      const waiting = await rowOf(world, handle.workflowId)
      expect(waiting).toMatchObject({ state: 'awaiting_approval', step: 'approval', snapshotId, buildId: fitted.build.id, endedAt: null })
      expect(waiting).toMatchObject({ onnxSha256: fitted.fit.onnx.sha256, rounds: 40, iterationsExecuted: 70, resumedFromRound: 20 })
      expect(waiting.evaluation).toMatchObject({
        segment: 'test',
        range: recipe.segments.test!,
        openings: 1,
        gate: { passed: true, measure: 'squared-error' },
      })
      // 100 sessions less the one whose label ends after the segment
      expect(waiting.evaluation?.candidate).toMatchObject({ sessions: 99, rows: 396 })

      const version = ModelVersion.parse(await findModelVersion(database.db, 'range', waiting.modelVersion!))
      expect(version).toMatchObject({
        stage: 'testing',
        runId,
        onnx: fitted.fit.onnx,
        snapshotId,
        buildId: fitted.build.id,
        dataset: 'us-daily',
      })
      const sidecar = ModelSidecar.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(version.sidecar))))
      expect(sidecar).toMatchObject({
        onnx: fitted.fit.onnx,
        recipe,
        fitReport: fitted.fit.report,
        evaluation: waiting.evaluation,
        parity: { rows: 960, exceedingRows: 0 },
      })

      await handle.executeUpdate(messages.approve, { args: [command('bea')] })
      const result = TrainModelResult.parse(await handle.result())
      expect(result).toEqual({ runId, state: 'approved', model: { name: 'range', version: version.version } })
      expect(await rowOf(world, handle.workflowId)).toMatchObject({
        state: 'approved',
        modelVersion: version.version,
        endedAt: expect.any(String) as string,
      })
      expect((await versionOf(runId))?.stage).toBe('staging')
      expect(await auditOf(`training-run/${runId}`, `model-version/range@${version.version}`)).toEqual([
        'register model-version by ann',
        'approve training-run by bea',
        'transition model-version by bea',
      ])
      expect(await findModel(database.db, 'range')).toMatchObject({ name: 'range', latestVersion: version.version, production: null })
      expect(await database.db.select().from(testOpening).where(eq(testOpening.runId, runId))).toHaveLength(1)
    }),
  )

  it(
    'is archived when rejected',
    inWorld(async (world) => {
      const handle = await world.start()
      await world.written('approval', 'awaiting_approval')
      await handle.executeUpdate(messages.reject, { args: [command('bea')] })
      expect(await handle.result()).toMatchObject({ state: 'rejected' })
      expect(await rowOf(world, handle.workflowId)).toMatchObject({ state: 'rejected' })
      expect((await versionOf(runIdOfTraining(handle.workflowId)))?.stage).toBe('archived')
    }),
  )

  it(
    'is archived when the run is stopped while it waits',
    inWorld(async (world) => {
      const handle = await world.start()
      await world.written('approval', 'awaiting_approval')
      await handle.executeUpdate(messages.stop, { args: [command('cal')] })
      expect(await handle.result()).toMatchObject({ state: 'stopped', reason: 'stopped by cal' })
      expect(await rowOf(world, handle.workflowId)).toMatchObject({ state: 'stopped', failure: 'stopped by cal' })
      expect((await versionOf(runIdOfTraining(handle.workflowId)))?.stage).toBe('archived')
    }),
  )

  it(
    'can be approved by a bare signal, and both audit rows name who sent it',
    inWorld(async (world) => {
      const handle = await world.start({ modelName: 'signalled' })
      await world.written('approval', 'awaiting_approval')
      await handle.signal(messages.approveSignal)
      expect(await handle.result()).toMatchObject({ state: 'approved' })
      const rows = await auditOf(`training-run/${runIdOfTraining(handle.workflowId)}`, 'model-version/signalled@1')
      const senders = rows.filter((row) => !row.startsWith('register')).map((row) => row.split(' by ')[1])
      expect(senders).toHaveLength(2)
      expect(new Set(senders).size).toBe(1)
      expect(senders[0]).not.toBe('temporal')
    }),
  )
})

describe('a candidate without a test segment', () => {
  const { test: _, ...segments } = recipe.segments
  const shadow: Recipe = { ...recipe, segments }

  it(
    'is registered unjudged, and waits for who judges it in shadow',
    inWorld(async (world) => {
      const handle = await world.start({ modelName: 'shadow', recipe: shadow })
      const runId = runIdOfTraining(handle.workflowId)
      await world.written('approval', 'awaiting_approval')
      expect(await rowOf(world, handle.workflowId)).toMatchObject({ state: 'awaiting_approval', evaluation: null, modelVersion: 1 })
      expect(await database.db.select().from(testOpening).where(eq(testOpening.runId, runId))).toEqual([])
      const version = ModelVersion.parse(await findModelVersion(database.db, 'shadow', 1))
      const sidecar = ModelSidecar.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(version.sidecar))))
      expect(sidecar).toMatchObject({ recipe: shadow, evaluation: null, parity: { exceedingRows: 0 } })
      const [registered] = await database.db.select().from(audit).where(eq(audit.subject, 'model-version/shadow@1'))
      expect(registered).toMatchObject({ action: 'register', detail: { gate: 'none: judged in shadow' } })

      await handle.executeUpdate(messages.approve, { args: [command('policy:range')] })
      expect(await handle.result()).toMatchObject({ state: 'approved', model: { name: 'shadow', version: 1 } })
      expect((await versionOf(runId))?.stage).toBe('staging')
    }),
  )

  it(
    'needs sessions whose labels end within early stopping',
    inWorld(async (world) => {
      const last = recipe.segments.earlyStopping.to
      const handle = await world.start({ recipe: { ...shadow, segments: { ...segments, earlyStopping: { from: last, to: last } } } })
      expect((await failureOf(handle.result())).message).toContain(`the segment earlyStopping, ${last} to ${last}`)
      expect(world.fits).toEqual([])
    }),
  )
})

describe('who asked to be notified', () => {
  /** A run that waits for its build for ever, and asks again at each nudge. */
  const listener = async (world: TrainingWorld) => {
    const runId = randomUUID()
    world.state.unbuilt = trainingWorkflowId(runId)
    const waiting = await world.start({ runId })
    await world.gates.build.reached()
    return waiting
  }
  /** How often it was nudged in its whole life: an open workflow may have signals that its history does not show yet. */
  const nudgesUntilStopped = async (waiting: Awaited<ReturnType<typeof listener>>) => {
    await waiting.executeUpdate(messages.stop, { args: [command('bea')] })
    await waiting.result()
    const { events } = await waiting.fetchHistory()
    return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'nudge').length
  }

  it(
    'is nudged once the row says that the run waits, and again when it has ended',
    inWorld(async (world) => {
      const notified = await listener(world)
      world.gates.approval.close()
      const run = await world.start({ notify: notified.workflowId })
      await world.gates.approval.reached()
      expect(world.requests).toEqual([notified, run].map(({ workflowId }) => workflowId))
      world.gates.approval.unlock()
      await world.gates.build.reached(3)
      expect(world.requests[2]).toBe(notified.workflowId)
      expect(await rowOf(world, run.workflowId)).toMatchObject({ state: 'awaiting_approval' })
      await run.executeUpdate(messages.approve, { args: [command('bea')] })
      await world.gates.build.reached(4)
      expect(await rowOf(world, run.workflowId)).toMatchObject({ state: 'approved' })
      expect(await nudgesUntilStopped(notified)).toBe(2)
    }),
  )

  it.each(['fails', 'is stopped'])('is nudged when the run %s', (how) =>
    inWorld(async (world) => {
      const notified = await listener(world)
      if (how === 'fails') world.state.fit = 'fails'
      else world.gates.fit.close()
      const run = await world.start({ notify: notified.workflowId })
      if (how === 'is stopped') {
        await world.gates.fit.reached()
        await run.executeUpdate(messages.stop, { args: [command('cal')] })
      }
      await world.gates.build.reached(3)
      expect((await rowOf(world, run.workflowId)).endedAt).not.toBeNull()
      expect(await nudgesUntilStopped(notified)).toBe(1)
    })(),
  )

  it(
    'need not be there',
    inWorld(async (world) => {
      const alone = await world.start({ notify: 'supervise/nowhere' })
      await world.written('approval', 'awaiting_approval')
      await alone.executeUpdate(messages.reject, { args: [command('bea')] })
      expect(await alone.result()).toMatchObject({ state: 'rejected' })
    }),
  )
})

describe('the row follows the run', () => {
  it(
    'through a pause in which another run is fitted on the freed slot',
    inWorld(async (world) => {
      world.gates.fit.close()
      const paused = await world.start()
      await world.gates.fit.reached()
      await paused.executeUpdate(messages.pause, { args: [command('ann')] })
      await world.written('train', 'paused')
      expect(await rowOf(world, paused.workflowId)).toMatchObject({ state: 'paused', step: 'train' })
      const other = await world.start()
      await world.gates.fit.reached(2)
      world.gates.fit.unlock()
      await world.written('approval', 'awaiting_approval')
      expect(await rowOf(world, other.workflowId)).toMatchObject({ state: 'awaiting_approval' })
      expect(await rowOf(world, paused.workflowId)).toMatchObject({ state: 'paused' })

      // the fit is under way when it is stopped: the test server cannot cancel one that has just ended
      world.gates.fit.close()
      await paused.executeUpdate(messages.resume, { args: [command('ann')] })
      await world.gates.fit.reached(3)
      expect(world.fits.map(({ runId }) => runId)).toEqual([paused, other, paused].map(({ workflowId }) => runIdOfTraining(workflowId)))
      await other.executeUpdate(messages.approve, { args: [command('bea')] })
      await other.result()
      await paused.executeUpdate(messages.stop, { args: [command('bea')] })
      await paused.result()
      const row = await rowOf(world, paused.workflowId)
      expect(row.state).toBe('stopped')
      expect(row.pausedSeconds).toBeGreaterThan(0)
    }),
  )

  it(
    'while it waits for a shared feature build, until the nudge',
    inWorld(async (world) => {
      world.state.build = 'running'
      const handle = await world.start()
      await world.gates.build.reached()
      expect(world.requests).toEqual([handle.workflowId])
      world.state.build = 'ready'
      await handle.signal(messages.nudge)
      await world.written('approval', 'awaiting_approval')
      expect(world.requests).toHaveLength(2)
      await handle.executeUpdate(messages.reject, { args: [command('ann')] })
      await handle.result()
    }),
  )
})

describe('what is refused, and what fails', () => {
  it(
    'a candidate that knows nothing: the gate refuses, with its figures, and nothing is registered',
    inWorld(
      async (world) => {
        const handle = await world.start()
        const result = await handle.result()
        expect(result).toMatchObject({
          state: 'refused',
          reason: expect.stringMatching(
            /^Refused, for it must be better than the training mean at 90 % confidence.*squared error/,
          ) as string,
        })
        const row = await rowOf(world, handle.workflowId)
        expect(row).toMatchObject({ state: 'refused', modelVersion: null, failure: result.reason, evaluation: { gate: { passed: false } } })
        expect(await versionOf(row.id)).toBeUndefined()
        expect(await auditOf(`training-run/${row.id}`)).toEqual(['refuse training-run by registration-gate'])
      },
      () => storeFittedBuild(store.objects, { knowledge: 0 }),
    ),
  )

  it(
    'an export that answers otherwise than the trainer',
    inWorld(
      async (world) => {
        const handle = await world.start()
        const failure = await failureOf(handle.result())
        expect(failure.type).toBe('parity_failed')
        expect(await rowOf(world, handle.workflowId)).toMatchObject({
          state: 'failed',
          step: 'parity',
          failure: expect.stringContaining('1 of 960 rows differ') as string,
          onnxSha256: fitted.fit.onnx.sha256,
          evaluation: null,
        })
        // the test segment stays closed
        expect(
          await database.db
            .select()
            .from(testOpening)
            .where(eq(testOpening.runId, runIdOfTraining(handle.workflowId))),
        ).toEqual([])
      },
      () => storeFittedBuild(store.objects, { parityError: 1e-4 }),
    ),
  )

  it(
    'segments that overlap, before anything is computed',
    inWorld(async (world) => {
      const segments = { ...recipe.segments, earlyStopping: { ...recipe.segments.earlyStopping, from: recipe.segments.train.to } }
      const handle = await world.start({ recipe: { ...recipe, segments } })
      expect((await failureOf(handle.result())).type).toBe('recipe_invalid')
      expect(world.requests).toEqual([])
      expect(await rowOf(world, handle.workflowId)).toMatchObject({ state: 'failed', step: 'recipe' })
    }),
  )

  it(
    'a persistence model of other features than persistence',
    inWorld(async (world) => {
      const handle = await world.start({ recipe: { ...recipe, model: 'persistence' } })
      const failure = await failureOf(handle.result())
      expect(failure.type).toBe('recipe_invalid')
      expect(failure.message).toContain('reads the feature set persistence and no other, not technical')
      expect(world.requests).toEqual([])
    }),
  )

  it(
    'segments that the build does not cover, before the trainer is asked',
    inWorld(async (world) => {
      const segments = { ...recipe.segments, test: { from: '2019-01-02', to: '2019-12-31' } }
      const handle = await world.start({ recipe: { ...recipe, segments } })
      const failure = await failureOf(handle.result())
      expect(failure.type).toBe('segment_empty')
      expect(failure.message).toContain('the segment test, 2019-01-02 to 2019-12-31')
      expect(world.fits).toEqual([])
    }),
  )

  it(
    'a dataset or a snapshot that is not there',
    inWorld(async (world) => {
      const unknown = await world.start({ recipe: { ...recipe, dataset: 'nowhere' } })
      expect((await failureOf(unknown.result())).type).toBe('not_found')
      const absent = await world.start({ snapshotId: 'f'.repeat(64) })
      expect((await failureOf(absent.result())).type).toBe('snapshot_not_found')
    }),
  )

  it(
    'a feature build that failed, and a fit that failed',
    inWorld(async (world) => {
      world.state.build = 'failed'
      const unbuilt = await world.start()
      expect((await failureOf(unbuilt.result())).message).toMatch(/the feature build .* failed: no bars/)
      world.state.build = 'ready'
      world.state.fit = 'fails'
      const unfitted = await world.start()
      expect((await failureOf(unfitted.result())).message).toBe('the label is constant')
      expect(await rowOf(world, unfitted.workflowId)).toMatchObject({ state: 'failed', step: 'train', failure: 'the label is constant' })
    }),
  )
})
