/** A supervised endpoint whose training runs and deployments are started on a real Temporal, where nobody works on them. */
import { randomUUID } from 'node:crypto'
import { defaultPayloadConverter } from '@temporalio/common'
import { and, eq } from 'drizzle-orm'
import { takeStock } from '#activities/retraining/take-stock.ts'
import { createSupervisionActivities } from '#activities/supervision.ts'
import type { Route } from '#contracts/deployments.ts'
import { deploymentWorkflowId, featuresWorkflowId, trainingWorkflowId } from '#contracts/ids.ts'
import { type AlertKind, SupervisionPolicy } from '#contracts/supervision.ts'
import type { Recipe } from '#contracts/training.ts'
import { decideModelVersion } from '#db/commands/decide-model-version.ts'
import { openTrainingRun } from '#db/commands/open-training-run.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import {
  alert,
  audit,
  dataset,
  deployment,
  endpoint as endpoints,
  endpointEvent,
  modelVersion,
  monitor,
  retrain,
  sessionScore,
  supervision,
  trainingRun,
} from '#db/schema.ts'
import { definitionHash } from '#domain/features/definitions.ts'
import { resolveFeatureSet } from '#domain/features/feature-sets.ts'
import { begin, label, sessions, type SupervisedWorld } from '#tests/activities/supervision/world.ts'
import type { DevTemporal } from '#tests/support/temporal.ts'

type Version = { name: string; version: number }

const origin = { by: 'ann', bodySha256: '0'.repeat(64) }
const versionIs = ({ name, version }: Version) => and(eq(modelVersion.name, name), eq(modelVersion.version, version))

export async function lifecycle({ db, objects, land, register }: SupervisedWorld, { client }: DevTemporal) {
  const activities = createSupervisionActivities({ db, objects, client })
  const endpoint = `e${randomUUID().slice(0, 8)}`
  const build = await land(sessions.length)
  await register(build, 1, 'linear')
  await register(build, 2, 'lightgbm')

  async function fitted(model: Version, kind: Recipe['model'] = 'lightgbm'): Promise<void> {
    const [row] = await db.select().from(modelVersion).where(versionIs(model))
    const recipe = recipeOf(kind)
    await db
      .insert(trainingRun)
      .values({
        id: row!.runId,
        modelName: model.name,
        modelVersion: model.version,
        recipe,
        state: 'approved',
        requestedBy: 'ann',
        bodySha256: origin.bodySha256,
        endedAt: new Date().toISOString(),
      })
      .onConflictDoNothing()
  }
  await fitted({ name: 'walk', version: 1 })
  await fitted({ name: 'walk', version: 2 })

  /** What a deployment leaves once it answers, its bake being over. */
  async function answers(model: Version, deploymentId: string = randomUUID()): Promise<void> {
    const [row] = await db.select().from(modelVersion).where(versionIs(model))
    const { onnx, sidecar, featureHash } = row!
    const active: Route = { deploymentId, model, onnx, sidecar, dataset: 'walk', featureHash, label }
    await db
      .update(deployment)
      .set({ state: 'superseded' })
      .where(and(eq(deployment.endpoint, endpoint), eq(deployment.state, 'active')))
    await deployed(deploymentId, model, 'active')
    await db.insert(endpoints).values({ name: endpoint, active }).onConflictDoUpdate({ target: endpoints.name, set: { active } })
  }

  const deployed = async (id: string, model: Version, state: 'active' | 'rolled_back', failure: string | null = null) =>
    await db.insert(deployment).values({
      id,
      endpoint,
      modelName: model.name,
      modelVersion: model.version,
      plan: SupervisionPolicy.parse({}).rollout,
      state,
      failure,
      requestedBy: 'ann',
      bodySha256: origin.bodySha256,
      endedAt: new Date().toISOString(),
    })

  return {
    db,
    client,
    endpoint,
    build,
    activities,
    answers,
    deployed,
    /** Opens the supervision, as if this many sessions had landed by then. */
    async supervise(policy: object = {}, rows: number = begin) {
      await answers({ name: 'walk', version: 1 })
      await db
        .update(dataset)
        .set({ headSnapshotId: build.snapshotId, lastSession: sessions[rows - 1]! })
        .where(eq(dataset.name, 'walk'))
      await activities.openSupervision({ endpoint, policy: SupervisionPolicy.parse(policy), origin })
    },
    async processed(session: string) {
      await db.update(supervision).set({ processedThrough: session }).where(eq(supervision.endpoint, endpoint))
    },
    /** An alarm of the champion's own monitor. */
    async alarm(session: string, kind: Extract<AlertKind, 'decay' | 'data-drift'> = 'decay') {
      const [open] = await db
        .insert(monitor)
        .values({
          id: randomUUID(),
          endpoint,
          kind,
          modelName: 'walk',
          modelVersion: 1,
          after: sessions[begin - 1]!,
          threshold: 1,
          calibration: {},
        })
        .onConflictDoUpdate({
          target: [monitor.endpoint, monitor.kind, monitor.modelName, monitor.modelVersion, monitor.after],
          set: { threshold: 1 },
        })
        .returning()
      return await raiseAlert(db, { endpoint, kind, severity: 'warning', session, monitorId: open!.id, summary: 'it rose', evidence: {} })
    },
    start: (by?: string, ids = { retrainId: randomUUID(), runId: randomUUID() }) =>
      activities.startRetrain({ endpoint, build, ids, wish: by === undefined ? null : { by } }),
    stock: () => takeStock({ db, client }, endpoint),
    look: (waiter: string) => activities.look({ endpoint, waiter, origin }),
    /** Changes how a version was fitted. */
    async fittedBy({ version }: Version, changes: Partial<Recipe>) {
      await db
        .update(trainingRun)
        .set({ recipe: { ...recipeOf('lightgbm'), ...changes } })
        .where(and(eq(trainingRun.modelName, 'walk'), eq(trainingRun.modelVersion, version)))
    },
    /** Who waits for a build over the snapshot, oldest first. */
    async waiters(featureSet: string): Promise<string[]> {
      const definition = definitionHash(resolveFeatureSet(featureSet, label), label)
      const { events } = await client.workflow.getHandle(featuresWorkflowId(definition, build.snapshotId)).fetchHistory()
      return events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
        signal?.signalName === 'awaitBuild'
          ? [defaultPayloadConverter.fromPayload<{ workflowId: string }>(signal.input!.payloads![0]!).workflowId]
          : [],
      )
    },
    /** What a training run leaves when it waits for approval: version 2, at testing. */
    async registered(runId: string, model: Version = { name: 'walk', version: 2 }, recipe = recipeOf('lightgbm')) {
      await openTrainingRun(db, { runId, modelName: model.name, recipe, origin })
      await db.update(trainingRun).set({ modelVersion: model.version, snapshotId: build.snapshotId }).where(eq(trainingRun.id, runId))
      await db.update(modelVersion).set({ runId, stage: 'testing' }).where(versionIs(model))
    },
    decided: (runId: string, verdict: 'approve' | 'reject') =>
      decideModelVersion(db, { runId, verdict, command: { commandId: randomUUID(), by: 'policy' } }),
    /** Scores of each session after one, and its landing, as watching leaves them. */
    async scores(after: string, count: number, losses: { champion: number; challenger: number; persistence: number }) {
      const from = sessions.indexOf(after) + 1
      const of = { 'walk@1': losses.champion, 'walk@2': losses.challenger, 'persistence/walk@1': losses.persistence }
      for (let at = 0; at < count; at++) {
        const session = sessions[from + at]!
        for (const [index, [forecaster, loss]] of Object.entries(of).entries())
          await db.insert(sessionScore).values({
            endpoint,
            forecaster,
            session,
            loss: loss * (1 + 0.02 * Math.sin(at * (index + 2))),
            bias: 0,
            rows: 3,
            labelRevisions: 3,
          })
      }
      for (let at = 0; at <= count; at++) {
        const session = sessions[from + at]!
        await db
          .insert(endpointEvent)
          .values({ endpoint, key: `session/${session}`, kind: 'session', session })
          .onConflictDoNothing()
      }
    },
    row: async () => (await db.select().from(supervision).where(eq(supervision.endpoint, endpoint)))[0]!,
    retrains: () => db.select().from(retrain).where(eq(retrain.endpoint, endpoint)).orderBy(retrain.session),
    alerts: () => db.select().from(alert).where(eq(alert.endpoint, endpoint)),
    audits: async (commandId: string) =>
      (await db.select().from(audit).where(eq(audit.commandId, commandId))).map(({ action, by }) => `${action} by ${by}`),
    training: (runId: string) => client.workflow.getHandle(trainingWorkflowId(runId)),
    rollout: (deploymentId: string) => client.workflow.getHandle(deploymentWorkflowId(endpoint, deploymentId)),
  }
}

export type Lifecycle = Awaited<ReturnType<typeof lifecycle>>

const recipeOf = (model: Recipe['model']): Recipe => ({
  model,
  params: {
    learning_rate: 0.05,
    num_leaves: 7,
    min_data_in_leaf: 50,
    lambda_l1: 0,
    lambda_l2: 10,
    max_depth: -1,
    feature_fraction: 1,
    bagging_fraction: 1,
    bagging_freq: 0,
  },
  dataset: 'walk',
  featureSet: model === 'persistence' ? 'persistence' : 'four',
  label,
  segments: { train: { from: sessions[10]!, to: sessions[79]! }, earlyStopping: { from: sessions[80]!, to: sessions[99]! } },
  startFrom: 'mean',
  seed: 7,
  maxRounds: 100,
  patience: 10,
  blockRounds: 20,
  threads: 1,
  missing: 'refuse',
})
