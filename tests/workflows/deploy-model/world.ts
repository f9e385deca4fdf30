import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { createDeploymentActivities } from '#activities/deployments.ts'
import { atEdge } from '#activities/edge.ts'
import { createJournalActivities } from '#activities/journal.ts'
import type { DeployModelInput } from '#contracts/deployments.ts'
import { deploymentWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { audit, servingLease } from '#db/schema.ts'
import { servingApp } from '#tests/serving/serving-app.ts'
import { publishFeatureRows, registerVersion, type VersionOptions } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'
import { testDatabase } from '#tests/support/services.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import type { deployModel } from '#workflows/deploy-model.ts'
import * as messages from '#workflows/messages/run.ts'

export type Handle = WorkflowHandle<typeof deployModel>

/** Real servers, real replicas in this process, and an endpoint and model of its own for each test. */
export function deployWorld() {
  let temporal: DevTemporal
  let bundle: WorkflowBundleWithSourceMap
  let database: Awaited<ReturnType<typeof testDatabase>>
  let store: Awaited<ReturnType<typeof testObjectStore>>
  let name: string
  let worker: Worker
  let working: Promise<void>
  const replicas: Awaited<ReturnType<typeof servingApp>>[] = []

  beforeAll(async () => {
    quietRuntime()
    const workflowsPath = fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url))
    ;[temporal, bundle, database, store] = await Promise.all([
      devTemporal(),
      bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }),
      testDatabase(),
      testObjectStore(),
    ])
    await publishFeatureRows(database.db, { AAPL: [1, 1, 1, 1], GOOG: [2, 0, 0, 4] })
    worker = await Worker.create({
      connection: temporal.nativeConnection,
      namespace: temporal.namespace,
      taskQueue: taskQueues.orchestration,
      workflowBundle: bundle,
      activities: atEdge(activities()),
      maxHeartbeatThrottleInterval: '200 milliseconds',
    })
    working = worker.run()
  })
  afterAll(async () => {
    worker.shutdown()
    await working
    await temporal.close()
    await Promise.all([database.drop(), store.drop()])
  })
  beforeEach(() => {
    name = `m-${randomUUID().slice(0, 8)}`
  })
  afterEach(async () => {
    for (const replica of replicas.splice(0)) {
      await replica.replica.leave()
      await replica.close()
    }
    await database.db.delete(servingLease)
  })

  const activities = () => ({
    ...createJournalActivities({ db: database.db }),
    ...createDeploymentActivities({ db: database.db, objects: store.objects }),
  })

  const start = (input: DeployModelInput): Promise<Handle> =>
    temporal.client.workflow.start<typeof deployModel>('deployModel', {
      workflowId: deploymentWorkflowId(input.endpoint, input.deploymentId),
      taskQueue: taskQueues.orchestration,
      args: [input],
    })

  const eventually = (assertion: () => Promise<void>) => vi.waitFor(assertion, { timeout: 20_000, interval: 50 })

  return {
    get db() {
      return database.db
    },
    get databaseUrl() {
      return database.url
    },
    get objectStore() {
      return store.config
    },
    get client() {
      return temporal.client
    },
    get bundle() {
      return bundle
    },
    get name() {
      return name
    },
    activities,
    start,
    eventually,

    deploying: async (input: DeployModelInput, test: (handle: Handle) => Promise<void>) => test(await start(input)),

    /** A replica that follows PostgreSQL as a serving process does. */
    startReplica: async () => {
      const replica = await servingApp({ db: database.db, objects: store.objects })
      replicas.push(replica)
      await replica.replica.look()
      replica.replica.follow()
      return replica
    },

    register: (options?: VersionOptions) => registerVersion(database.db, store.objects, name, options),

    inputFor: (version: number, plan = rolloutPlan()): DeployModelInput => ({
      deploymentId: randomUUID(),
      endpoint: name,
      model: { name, version },
      plan,
      origin: { by: 'ada', bodySha256: '0'.repeat(64) },
    }),

    activeVersion: async () => (await findEndpoint(database.db, name))?.active?.model.version ?? null,
    endpoint: () => findEndpoint(database.db, name),
    deployment: (input: DeployModelInput) => findDeployment(database.db, input.deploymentId),
    leaseOf: async (replicaId: string) => (await database.db.select().from(servingLease).where(eq(servingLease.replicaId, replicaId)))[0],
    atStep: (handle: Handle, step: string, phase: string) =>
      eventually(async () => expect(await handle.query(messages.runState)).toMatchObject({ step, phase })),
    verbsOf: async (input: DeployModelInput) =>
      (
        await database.db
          .select()
          .from(audit)
          .where(eq(audit.subject, `deployment/${input.deploymentId}`))
      ).map(({ action, by }) => `${action} by ${by}`),
    switches: async () =>
      (
        await database.db
          .select()
          .from(audit)
          .where(eq(audit.subject, `endpoint/${name}`))
          .orderBy(audit.id)
      ).map(({ action, by }) => `${action} by ${by}`),
  }
}
