import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApplicationFailure, Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { DefaultLogger, type NativeConnection, Worker } from '@temporalio/worker'
import { atEdge } from '#activities/edge.ts'
import { interruptible } from '#activities/interruptible.ts'
import { createJournalActivities } from '#activities/journal.ts'
import { createTrainingActivities } from '#activities/training.ts'
import type { CheckFeaturesInput, CheckFeaturesResult, CheckVerdict } from '#contracts/feature-checks.ts'
import type { BuildResult } from '#contracts/features.ts'
import { trainingWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { FitInput, FitResult, TrainModelInput, TrainModelResult } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import type { RunEntry } from '#db/commands/record-run-state.ts'
import { findTrainingRun } from '#db/queries/training-runs.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { type FittedBuild, recipe } from '#tests/support/fitted-build.ts'
import { Gate } from '#tests/workflows/durable/world.ts'
import { workflowBundle } from '#workers/workflow-bundle.ts'

export type Server = { client: Client; nativeConnection: NativeConnection; namespace: string }

export const bundleOfWorkflows = () => workflowBundle(join(tmpdir(), 'quantloop-test-bundles'), new DefaultLogger('ERROR'))

/**
 * The orchestration worker's real activities on a real database and store; the feature build and the trainer, which are
 * other processes, are played by the test.
 */
export async function createTrainingWorld(server: Server, { db, objects }: { db: Database; objects: ObjectStore }, fitted: FittedBuild) {
  /** `approval` is passed before it stands on the row that the run waits for approval */
  const gates = { build: new Gate(true), check: new Gate(true), fit: new Gate(true), approval: new Gate(true) }
  const fits: FitInput[] = []
  const requests: string[] = []
  /** `unbuilt` is a workflow whose build never gets ready */
  const state: { build: BuildResult['state']; fit: 'answers' | 'fails'; unbuilt?: string; asOf?: string | undefined; check: CheckVerdict } =
    {
      build: 'ready',
      check: 'passed',
      fit: 'answers',
    }
  const journal = createJournalActivities({ db })
  const listeners = new Set<() => void>()
  const entries: Pick<RunEntry, 'phase' | 'step'>[] = []

  const orchestration = atEdge({
    ...createTrainingActivities({ db, objects }),
    async recordRunState(entry: Parameters<typeof journal.recordRunState>[0]): Promise<void> {
      if (entry.phase === 'awaiting_approval') await gates.approval.pass()
      await journal.recordRunState(entry)
      entries.push({ phase: entry.phase, step: entry.step })
      for (const listener of listeners) listener()
    },
    async requestFeatureBuild({ waiter, asOf }: { waiter: string; asOf?: string }): Promise<BuildResult> {
      state.asOf = asOf
      const answer = waiter === state.unbuilt ? 'running' : state.build
      requests.push(waiter)
      await gates.build.pass()
      return {
        buildId: fitted.build.id,
        state: answer,
        manifest: answer === 'ready' ? fitted.build.manifest : null,
        failure: answer === 'failed' ? 'no bars' : null,
      }
    },
  })
  const checks: CheckFeaturesInput[] = []
  const checker = {
    async checkFeatureBuild(input: CheckFeaturesInput): Promise<CheckFeaturesResult> {
      checks.push(input)
      await gates.check.pass()
      const reasons = state.check === 'refused' ? ['volume seems to know the label'] : []
      return { report: fitted.build.manifest, verdict: state.check, reasons }
    },
  }
  const trainer = {
    async fitModel(input: FitInput): Promise<FitResult> {
      fits.push(input)
      return await interruptible(async (cancelled) => {
        if (state.fit === 'fails') throw ApplicationFailure.nonRetryable('the label is constant', 'training_failed')
        await gates.fit.pass(cancelled)
        return { ...fitted.fit, resumedFromRound: Context.current().info.attempt === 1 ? fitted.fit.resumedFromRound : 0 }
      })
    },
  }

  return {
    gates,
    checks,
    fits,
    requests,
    state,
    entries,
    server,
    async start(changes: Partial<TrainModelInput> = {}) {
      const runId = randomUUID()
      const input: TrainModelInput = { runId, modelName: 'range', recipe, origin: { by: 'ann', bodySha256: 'a'.repeat(64) }, ...changes }
      return await server.client.workflow.start<(input: TrainModelInput) => Promise<TrainModelResult>>('trainModel', {
        workflowId: trainingWorkflowId(input.runId),
        taskQueue: taskQueues.orchestration,
        args: [input],
      })
    },
    row: (runId: string) => findTrainingRun(db, runId),
    /** Until an entry has been written on a run's row. */
    async written(step: string, phase: string): Promise<void> {
      const met = () => entries.some((entry) => entry.step === step && entry.phase === phase)
      if (met()) return
      await new Promise<void>((resolve) => {
        const listener = () => {
          if (!met()) return
          listeners.delete(listener)
          resolve()
        }
        listeners.add(listener)
      })
    },
    async withWorkers<T>(test: () => Promise<T>): Promise<T> {
      const { nativeConnection: connection, namespace } = server
      const throttle = { maxHeartbeatThrottleInterval: '200 milliseconds', defaultHeartbeatThrottleInterval: '200 milliseconds' } as const
      const workflows = await Worker.create({
        connection,
        namespace,
        taskQueue: taskQueues.orchestration,
        workflowBundle: await bundleOfWorkflows(),
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
      const checking = await Worker.create({ connection, namespace, taskQueue: taskQueues.features, activities: checker, ...throttle })
      return await workflows.runUntil(fitting.runUntil(checking.runUntil(test)))
    },
  }
}

export type TrainingWorld = Awaited<ReturnType<typeof createTrainingWorld>>
