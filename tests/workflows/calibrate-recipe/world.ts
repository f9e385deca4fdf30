import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/activity'
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { createCalibrationActivities, createCalibrationRequestActivities } from '#activities/calibration.ts'
import { atEdge } from '#activities/edge.ts'
import { interruptible } from '#activities/interruptible.ts'
import { createJournalActivities, type JournalEntry } from '#activities/journal.ts'
import { calibrateWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { FitInput, FitResult, Recipe } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { openFeatureBuild } from '#db/commands/open-feature-build.ts'
import { openTrainingRun } from '#db/commands/open-training-run.ts'
import { publishFeatureBuild } from '#db/commands/publish-feature-build.ts'
import { registerModelVersion } from '#db/commands/register-model-version.ts'
import { knownFeatureSet } from '#domain/features/feature-sets.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { type FittedBuild, snapshotId } from '#tests/support/fitted-build.ts'
import { featureHash } from '#tests/support/model-version.ts'
import type { DevTemporal } from '#tests/support/temporal.ts'
import { Gate } from '../durable/world.ts'
import type { waitForCalibration } from './stories.ts'

export const origin = { by: 'tester', bodySha256: '0'.repeat(64) }

type Stores = { db: Database; objects: ObjectStore }

/** The real activities; the trainer is played, and always answers the same fit. */
export function createCalibrationWorld(
  server: DevTemporal,
  bundle: WorkflowBundleWithSourceMap,
  { db, objects }: Stores,
  fitted: FittedBuild,
) {
  const fits: FitInput[] = []
  const gate = new Gate(true)
  const state: { fit: 'answers' | 'fails' } = { fit: 'answers' }
  const listeners = new Set<(entry: JournalEntry) => void>()
  const journal = createJournalActivities({ db })
  const orchestration = atEdge({
    recordRunState: async (entry: JournalEntry) => {
      await journal.recordRunState(entry)
      for (const listener of listeners) listener(entry)
    },
    ...createCalibrationRequestActivities({ db, client: server.client }),
    ...createCalibrationActivities({ db, objects }),
  })
  const trainer = {
    fitModel: async (input: FitInput): Promise<FitResult> => {
      fits.push(input)
      return await interruptible(async (cancelled) => {
        if (state.fit === 'fails') throw ApplicationFailure.nonRetryable('the label is constant', 'training_failed')
        await gate.pass(cancelled)
        return { ...fitted.fit, rounds: fits.length }
      })
    },
  }

  return {
    fits,
    gate,
    state,
    /** Call before what causes it. */
    journalled: (met: (entry: JournalEntry) => boolean) =>
      new Promise<void>((resolve) => listeners.add((entry) => void (met(entry) && resolve()))),
    calibration: (recipeHash: string) => server.client.workflow.getHandle(calibrateWorkflowId(recipeHash)),
    /** A workflow that asks for the calibration of a version's recipe until it has that many outcomes. */
    startWaiter: (model: { name: string; version: number }, outcomes = 1) => {
      const runId = randomUUID()
      const waiter = `train/${runId}`
      return server.client.workflow.start<typeof waitForCalibration>('waitForCalibration', {
        workflowId: waiter,
        taskQueue: taskQueues.orchestration,
        args: [runId, { model, waiter, origin }, outcomes],
      })
    },
    async withWorkers<T>(test: () => Promise<T>): Promise<T> {
      const { nativeConnection: connection, namespace } = server
      const throttle = { maxHeartbeatThrottleInterval: '200 milliseconds', defaultHeartbeatThrottleInterval: '200 milliseconds' } as const
      const workflows = await Worker.create({
        connection,
        namespace,
        taskQueue: taskQueues.orchestration,
        workflowBundle: bundle,
        activities: orchestration,
        ...throttle,
      })
      const fitting = await Worker.create({
        connection,
        namespace,
        taskQueue: taskQueues.trainerCpu,
        activities: trainer,
        maxConcurrentActivityTaskExecutions: 1,
        ...throttle,
      })
      return await workflows.runUntil(fitting.runUntil(test))
    },
  }
}

export type CalibrationWorld = ReturnType<typeof createCalibrationWorld>

/** A registered version, with the training run that made it and the build that it was fitted on. */
export async function registerFitted(
  db: Database,
  fitted: FittedBuild,
  name: string,
  recipe: Recipe,
): Promise<{ name: string; version: number }> {
  const { id: buildId, manifest } = fitted.build
  const featureSet = knownFeatureSet('technical')
  const { dataset, label } = recipe
  await openFeatureBuild(db, { buildId, definitionHash: buildId, snapshotId, dataset, featureSet, label, origin })
  await publishFeatureBuild(db, {
    buildId,
    snapshotId,
    dataset,
    featureHash,
    manifest,
    rows: 960,
    columns: 4,
    cacheHitRatio: 0,
    newest: [],
    assertStored: async () => {},
  })
  const runId = randomUUID()
  await openTrainingRun(db, { runId, modelName: name, recipe, origin })
  const { onnx } = fitted.fit
  const version = await registerModelVersion(db, {
    runId,
    name,
    onnx,
    sidecar: onnx,
    featureHash,
    snapshotId,
    buildId,
    dataset,
    evaluation: null,
  })
  return { name, version }
}
