import { ApplicationFailure, CancellationScope, proxyActivities, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import type { FeatureComputeActivities, FeatureRequestActivities } from '#activities/features.ts'
import type { TrainingActivities } from '#activities/training.ts'
import type { ErrorCode } from '#contracts/errors.ts'
import type { Stage } from '#contracts/models.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { TrainModelInput, TrainModelResult } from '#contracts/training.ts'
import { DurableRun } from './durable.ts'
import { atomic, interruptible, trainer } from './proxies.ts'
import type { Decision } from './run-will.ts'
import { nudgeWorkflow } from './waiters.ts'

const training = proxyActivities<TrainingActivities>(atomic)
const features = proxyActivities<FeatureRequestActivities>({ ...atomic, summary: 'join or start the feature build' })
const checks = proxyActivities<FeatureComputeActivities>({
  ...interruptible,
  taskQueue: taskQueues.features,
  summary: 'look-ahead, warm-up, leaks of the label',
})
const evaluation = proxyActivities<TrainingActivities>({
  ...interruptible,
  taskQueue: taskQueues.orchestration,
  summary: 'open the test segment, once',
})

/** A lost nudge costs this much at most. */
const lookAgainMs = 60_000

/**
 * From a recipe to a model version that somebody approved: features, fit, parity, evaluation, gate, registration.
 * Without a test segment nothing is evaluated here: the version is judged in shadow before somebody approves it.
 */
export async function trainModel(input: TrainModelInput): Promise<TrainModelResult> {
  try {
    return await train(input)
  } finally {
    if (input.notify !== undefined) await CancellationScope.nonCancellable(() => nudgeWorkflow(input.notify!))
  }
}

async function train(input: TrainModelInput): Promise<TrainModelResult> {
  const { runId, modelName, recipe } = input
  const { test } = recipe.segments
  const run = new DurableRun('training-run', runId)
  run.listen()
  show({ Dataset: recipe.dataset, ModelName: modelName, TriggeredBy: input.origin.by })

  return await run.live<TrainModelResult>({
    open: () => training.openTrainingRun(input),
    story: async () => {
      const snapshotId = await run.step('recipe', () => training.resolveRecipe(input))
      const build = await builtFeatures(run, input, snapshotId)
      await run.step('segments', () => training.checkSegments({ runId, recipe, build }))
      const doubts = await doubtsAbout(run, build.id, test?.from)
      if (doubts.length > 0) return await refuse(run, runId, null, `the features cannot be trusted: ${doubts.join('; ')}`)
      const fit = await run.pausable('train', () => trainer.fitModel({ runId, recipe, build: build.manifest }))
      const fitted = { runId, recipe, snapshotId, build, fit }
      const parity = await run.step('parity', () => training.checkParity(fitted))
      const verdict = test && (await run.pausable('evaluate', () => evaluation.evaluateCandidate({ ...fitted, test })))
      if (verdict?.gate.passed === false) return await refuse(run, runId, verdict, verdict.gate.reason)
      const { version } = await run.step('register', () =>
        training.registerCandidate({ ...fitted, modelName, parity, evaluation: verdict ?? null }),
      )
      showStage('testing')
      const [decision] = await Promise.all([run.approval('approval'), tellWaiting(run, input.notify)])
      return await decide(run, { name: modelName, version }, decision)
    },
    stopped: async (by) => ({ runId, ...(await close({ runId, state: 'stopped', by, reason: `stopped by ${by}` })) }),
    failed: (reason) => close({ runId, state: 'failed', reason }),
  })
}

/** Once the row says that the run waits, for that is where the one who is told looks. */
async function tellWaiting(run: DurableRun, waiter: string | undefined): Promise<void> {
  if (waiter === undefined) return
  await run.recorded()
  await nudgeWorkflow(waiter)
}

/** The build is shared work, and never a child: it nudges this run when it ends. */
async function builtFeatures(
  run: DurableRun,
  { recipe, asOf, origin }: TrainModelInput,
  snapshotId: string,
): Promise<{ id: string; manifest: ObjectRef }> {
  const { dataset, featureSet, label, processors, universe } = recipe
  const request = {
    dataset,
    snapshotId,
    asOf,
    featureSet,
    ...(processors && { processors }),
    ...(universe !== undefined && { universe }),
    label,
    waiter: workflowInfo().workflowId,
    origin,
  }
  for (;;) {
    const build = await run.step('features', () => features.requestFeatureBuild(request))
    if (build.state === 'ready' && build.manifest !== null) return { id: build.buildId, manifest: build.manifest }
    if (build.state === 'failed' || build.state === 'stopped')
      throw ApplicationFailure.nonRetryable(
        `the feature build ${build.buildId} ${build.state}: ${build.failure ?? 'no reason was given'}`,
        notTrained,
      )
    await run.nudged('features', lookAgainMs)
  }
}

/** Features that nobody has checked yet are checked before the first run that reads them; its test segment stays closed. */
async function doubtsAbout(run: DurableRun, buildId: string, before: string | undefined): Promise<string[]> {
  const known = await run.step('check', () => training.findFeatureCheck({ buildId }))
  const check = known ?? (await run.pausable('check', () => checks.checkFeatureBuild({ buildId, seed: 0, ...(before && { before }) })))
  return check.verdict === 'refused' ? check.reasons : []
}

async function refuse(
  run: DurableRun,
  runId: string,
  verdict: Awaited<ReturnType<TrainingActivities['evaluateCandidate']>> | null,
  reason: string,
): Promise<TrainModelResult> {
  await run.conclude('refuse', () => close({ runId, state: 'refused', evaluation: verdict, reason }))
  return { runId, state: 'refused', reason }
}

async function decide(run: DurableRun, model: { name: string; version: number }, decision: Decision): Promise<TrainModelResult> {
  const approved = decision.verdict === 'approve'
  await run.conclude(decision.verdict, () => training.decideVersion({ runId: run.id, ...decision }))
  showStage(approved ? 'staging' : 'archived')
  return { runId: run.id, state: approved ? 'approved' : 'rejected', model }
}

async function close(end: Parameters<TrainingActivities['closeTrainingRun']>[0]): Promise<Pick<TrainModelResult, 'state' | 'reason'>> {
  const { state, reason } = await training.closeTrainingRun(end)
  return { state, ...(reason === null ? {} : { reason }) }
}

const show = (values: Record<'Dataset' | 'ModelName' | 'TriggeredBy', string>) =>
  upsertSearchAttributes(
    (['Dataset', 'ModelName', 'TriggeredBy'] as const).map((name) => ({ key: searchAttributeKey(name), value: values[name] })),
  )

const showStage = (stage: Stage) => upsertSearchAttributes([{ key: searchAttributeKey('Stage'), value: stage }])

const notTrained: ErrorCode = 'training_failed'
