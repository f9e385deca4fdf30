import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { createDeploymentActivities } from '#activities/deployments.ts'
import type { Route } from '#contracts/deployments.ts'
import type { Database } from '#db/client.ts'
import { apiKey } from '#db/schema.ts'
import { createServingApp } from '#serving/app.ts'
import { createServingMetrics } from '#serving/metrics.ts'
import { PredictionLog, type PredictionLogOptions } from '#serving/prediction-log/prediction-log.ts'
import { claimReplicaFolder } from '#serving/prediction-log/replica-folder.ts'
import { Replica } from '#serving/replica.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { sha256Of } from '#tests/support/model-version.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'

export const quiet = pino({ level: 'silent' })

/** A key's row as `quantloop keys create` leaves it. */
export async function issueKey(db: Database): Promise<string> {
  const key = `ql_${randomUUID().replaceAll('-', '')}`
  await db
    .insert(apiKey)
    .values({ id: randomUUID(), name: 'test', role: 'viewer', keySha256: createHash('sha256').update(key).digest('hex') })
  return key
}

/** A serving app without a port on its own folder; `look` reads PostgreSQL once and waits until models are loaded. */
export async function servingApp(given: { db: Database; objects: ObjectStore; root?: string; log?: PredictionLogOptions }) {
  const root = given.root ?? (await mkdtemp(join(tmpdir(), 'quantloop-serving-')))
  const folder = await claimReplicaFolder(root)
  const log = await PredictionLog.open(folder.path, quiet, given.log)
  const replica = new Replica({
    db: given.db,
    objects: given.objects,
    replicaId: folder.replicaId,
    url: 'http://127.0.0.1:1',
    knownStatePath: join(root, 'known.json'),
    logger: quiet,
  })
  const app = createServingApp(
    { replica, log, metrics: createServingMetrics({ replica, log }), clock: () => new Date(), logger: quiet },
    '1.2.3',
  )
  return {
    app,
    log,
    replica,
    root,
    folder,
    async look() {
      await replica.look()
      await replica.routes.loaded()
      await replica.look()
    },
    async close() {
      await log.close()
      replica.routes.close()
      await folder.release()
      if (given.root === undefined) await rm(root, { recursive: true, force: true })
    },
  }
}

/** Puts a registered version behind an endpoint by the same steps as deployModel, without waiting for replicas. */
export async function deployVersion(db: Database, objects: ObjectStore, endpoint: string, model: Route['model'], plan = rolloutPlan()) {
  const activities = createDeploymentActivities({ db, objects })
  const input = {
    deploymentId: randomUUID(),
    endpoint,
    model,
    plan,
    origin: { by: 'ada', bodySha256: sha256Of(Buffer.from('')) },
  }
  await activities.openDeployment(input)
  const check = await activities.checkVersion(input)
  if (!check.compatible) throw new Error(check.reason)
  const { revision } = await activities.prepareRoute({ endpoint, route: check.route })
  return { deploymentId: input.deploymentId, revision, activate: () => activities.activateDeployment(input) }
}
