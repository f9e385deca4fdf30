import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { and, eq } from 'drizzle-orm'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDeploymentActivities } from '#activities/deployments.ts'
import { readReplicas } from '#activities/deployments/read-replicas.ts'
import type { DeployModelInput } from '#contracts/deployments.ts'
import { renewServingLease } from '#db/commands/renew-serving-lease.ts'
import { findDeployment, listDeployments } from '#db/queries/deployments.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { audit, deployment, modelVersion, servingLease } from '#db/schema.ts'
import { publishFeatureRows, registerVersion, sha256Of, type VersionOptions } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let activities: ReturnType<typeof createDeploymentActivities>
/** each test has an endpoint and a model of its own */
let name: string

const { recipe } = JSON.parse(readFileSync(new URL('../../../contracts/fixtures/model-sidecar.json', import.meta.url), 'utf8')) as {
  recipe: object
}

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  activities = createDeploymentActivities({ db: database.db, objects: store.objects })
  await publishFeatureRows(database.db, { AAPL: [1, 2, 3, 4] })
})
afterAll(() => Promise.all([database.drop(), store.drop()]))
beforeEach(() => {
  name = `m-${randomUUID().slice(0, 8)}`
})

const register = (options?: VersionOptions) => registerVersion(database.db, store.objects, name, options)

function inputFor(version: number, at = name): DeployModelInput {
  return {
    deploymentId: randomUUID(),
    endpoint: at,
    model: { name, version },
    plan: rolloutPlan(),
    origin: { by: 'ada', bodySha256: sha256Of(Buffer.from('body')) },
  }
}

/** Everything up to the switch. */
async function prepared(input: DeployModelInput): Promise<number> {
  await activities.openDeployment(input)
  const check = await activities.checkVersion(input)
  if (!check.compatible) throw new Error(check.reason)
  return (await activities.prepareRoute({ endpoint: input.endpoint, route: check.route })).revision
}

async function deployed(input: DeployModelInput): Promise<number> {
  const revision = await prepared(input)
  await activities.activateDeployment(input)
  return revision
}

const stageOf = async (version: number) =>
  (
    await database.db
      .select()
      .from(modelVersion)
      .where(and(eq(modelVersion.name, name), eq(modelVersion.version, version)))
  )[0]?.stage
const activations = (at = name) =>
  database.db
    .select()
    .from(audit)
    .where(and(eq(audit.action, 'activate'), eq(audit.subject, `endpoint/${at}`)))

describe('opening', () => {
  test('a repeat changes nothing', async () => {
    const input = inputFor(1)
    await activities.openDeployment(input)
    await activities.openDeployment(input)
    expect((await listDeployments(database.db, { limit: 10, endpoint: name })).items).toMatchObject([
      { id: input.deploymentId, state: 'running', requestedBy: 'ada' },
    ])
  })

  test('a second one while the first is under way is refused by the index, and stays refused', async () => {
    const first = inputFor(1)
    const second = inputFor(1)
    await activities.openDeployment(first)
    await expect(activities.openDeployment(second)).rejects.toMatchObject({ code: 'conflict' })
    await activities.closeDeployment({ deploymentId: first.deploymentId, state: 'stopped', reason: 'by ada' })
    await expect(activities.openDeployment(second)).rejects.toThrow(first.deploymentId)
    expect(await findDeployment(database.db, second.deploymentId)).toMatchObject({
      state: 'refused',
      failure: expect.stringContaining('under way'),
    })
  })

  test('of twenty at once one is under way', async () => {
    const inputs = Array.from({ length: 20 }, () => inputFor(1))
    const outcomes = await Promise.allSettled(inputs.map((input) => activities.openDeployment(input)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('compatibility', () => {
  const reasonOf = async (input: DeployModelInput) => {
    const check = await activities.checkVersion(input)
    return check.compatible ? undefined : check.reason
  }

  test('a version at staging is routed by its own artifacts', async () => {
    const row = await register()
    expect(await activities.checkVersion(inputFor(1))).toMatchObject({
      compatible: true,
      route: { model: { name, version: 1 }, onnx: row.onnx, sidecar: row.sidecar, dataset: 'us-daily', featureHash: row.featureHash },
    })
  })

  test('a version that does not exist', async () => expect(await reasonOf(inputFor(9))).toContain(`no model version ${name}@9`))

  test.each(['testing', 'archived'] as const)('a version at stage %s', async (stage) => {
    await register({ stage })
    expect(await reasonOf(inputFor(1))).toContain(`at stage ${stage}`)
  })

  test.each<[string, VersionOptions, string]>([
    ['an ONNX file with external data', { onnx: 'external-data' }, 'keeps its data'],
    ['an ONNX file of another width', { onnx: 'input-width' }, 'shape [batch, 5]'],
    [
      'a sidecar that names another ONNX file',
      { sidecar: { onnx: { uri: `objects/00/${'0'.repeat(64)}.onnx`, sha256: '0'.repeat(64), bytes: 1 } } },
      'its sidecar names',
    ],
    ['a sidecar of other features', { sidecar: { featureHash: 'a'.repeat(64) } }, 'its sidecar names'],
    ['a sidecar with a feature too few', { sidecar: { featureOrder: ['RSI14'] } }, 'names 1 features for an input of 4'],
    ['a sidecar that does not fit its contract', { sidecar: { format: 2 } }, 'does not fit its contract: format'],
  ])('%s', async (_, options, reason) => {
    await register(options)
    expect(await reasonOf(inputFor(1))).toContain(reason)
  })

  test('an ONNX file that the store has lost', async () => {
    await register()
    const lost = 'f'.repeat(64)
    const onnx = { uri: `objects/ff/${lost}.onnx`, sha256: lost, bytes: 10 }
    const sidecar = (await register({ version: 2, sidecar: { onnx } })).sidecar
    await database.db
      .update(modelVersion)
      .set({ onnx, sidecar })
      .where(and(eq(modelVersion.name, name), eq(modelVersion.version, 2)))
    expect(await reasonOf(inputFor(2))).toContain(lost)
  })

  test('features of which no row is there', async () => {
    const other = 'b'.repeat(64)
    await register({ sidecar: { featureHash: other } })
    await database.db.update(modelVersion).set({ featureHash: other }).where(eq(modelVersion.name, name))
    expect(await reasonOf(inputFor(1))).toContain('no row of them')
  })
})

describe('the switch', () => {
  test('puts route, deployment, stage and audit into force together', async () => {
    await register()
    const input = inputFor(1)
    const revision = await prepared(input)
    expect(await findEndpoint(database.db, name)).toMatchObject({
      prepareRevision: revision,
      prepared: { model: { version: 1 } },
      activeRevision: 0,
      active: null,
    })
    expect(await activities.activateDeployment(input)).toMatchObject({ revision, activatedNow: true })
    expect(await findEndpoint(database.db, name)).toMatchObject({
      activeRevision: revision,
      active: { deploymentId: input.deploymentId },
      prepared: null,
    })
    expect(await findDeployment(database.db, input.deploymentId)).toMatchObject({ state: 'active', revision, endedAt: expect.any(String) })
    expect(await stageOf(1)).toBe('production')
    expect(await activations()).toMatchObject([{ by: 'ada', commandId: input.deploymentId, detail: { revision, previous: null } }])
  })

  test('happens once, however often it is raced', async () => {
    await Promise.all([register(), register({ version: 2 })])
    await deployed(inputFor(1))
    const input = inputFor(2)
    const revision = await prepared(input)
    const racers = Array.from({ length: 20 }, () => activities.activateDeployment(input))
    const outcomes = await Promise.all(racers)
    expect(outcomes.filter(({ activatedNow }) => activatedNow)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => outcome.revision))).toEqual(new Set([revision]))
    expect(await findEndpoint(database.db, name)).toMatchObject({ activeRevision: revision, prepareRevision: revision })
    expect(await activations()).toHaveLength(2)
    expect((await listDeployments(database.db, { limit: 10, endpoint: name })).items.map(({ state }) => state).sort()).toEqual([
      'active',
      'superseded',
    ])
  })

  test('a repeat after a later deployment does not switch back', async () => {
    await Promise.all([register(), register({ version: 2 })])
    const first = inputFor(1)
    await deployed(first)
    const revision = await deployed(inputFor(2))
    expect(await activities.activateDeployment(first)).toMatchObject({ activatedNow: false })
    expect(await findEndpoint(database.db, name)).toMatchObject({ activeRevision: revision, active: { model: { version: 2 } } })
  })

  test('a replaced version goes back to staging, unless another endpoint answers with it', async () => {
    await Promise.all([register(), register({ version: 2 })])
    await deployed(inputFor(1))
    await deployed(inputFor(1, `${name}-b`))
    await deployed(inputFor(2))
    expect([await stageOf(1), await stageOf(2)]).toEqual(['production', 'production'])
    await deployed(inputFor(2, `${name}-b`))
    expect([await stageOf(1), await stageOf(2)]).toEqual(['staging', 'production'])
  })

  test('a version archived meanwhile is not switched on, and nothing of the switch remains', async () => {
    await register()
    const input = inputFor(1)
    await prepared(input)
    await database.db.update(modelVersion).set({ stage: 'archived' }).where(eq(modelVersion.name, name))
    await expect(activities.activateDeployment(input)).rejects.toMatchObject({ code: 'conflict' })
    expect(await findEndpoint(database.db, name)).toMatchObject({ activeRevision: 0, active: null })
    expect(await activations()).toHaveLength(0)
  })

  test('a stopped deployment is withdrawn and cannot be switched on', async () => {
    await register()
    const input = inputFor(1)
    await prepared(input)
    await activities.closeDeployment({ deploymentId: input.deploymentId, state: 'stopped', reason: 'by ada' })
    expect(await findEndpoint(database.db, name)).toMatchObject({ prepared: null, active: null })
    await expect(activities.activateDeployment(input)).rejects.toThrow('has ended: stopped')
  })

  test('closing what is active changes nothing', async () => {
    await register()
    const input = inputFor(1)
    const revision = await deployed(input)
    expect(await activities.closeDeployment({ deploymentId: input.deploymentId, state: 'stopped', reason: 'late' })).toEqual({
      state: 'active',
      revision,
      reason: null,
    })
  })

  test('a repeated preparation keeps its revision', async () => {
    await register()
    const input = inputFor(1)
    const revision = await prepared(input)
    const route = (await findEndpoint(database.db, name))?.prepared
    expect(await activities.prepareRoute({ endpoint: name, route: route! })).toMatchObject({ revision })
    await activities.activateDeployment(input)
    expect(await activities.prepareRoute({ endpoint: name, route: route! })).toMatchObject({ revision })
    expect(await findEndpoint(database.db, name)).toMatchObject({ prepareRevision: revision, prepared: null })
  })
})

describe('a label that differs from the one of the endpoint', () => {
  const asking = (expression: string) => ({ recipe: { ...recipe, label: { expression, kind: 'time-series' } } })

  test('is refused, however it is written', async () => {
    await register()
    await register({ version: 2, sidecar: asking(' Ref( $close, -1 ) / $close ') })
    await register({ version: 3, sidecar: asking('Ref($close,-5)/$close') })
    await deployed(inputFor(1))
    expect((await activities.checkVersion(inputFor(2))).compatible).toBe(true)
    expect(await activities.checkVersion(inputFor(3))).toMatchObject({
      compatible: false,
      reason: expect.stringContaining('predicts Ref($close,-5)/$close (time-series), but endpoint'),
    })
    expect((await activities.checkVersion(inputFor(3, `${name}-other`))).compatible).toBe(true)
  })
})

describe('waiting for replicas', () => {
  const lease = (replicaId: string, content: Partial<Parameters<typeof renewServingLease>[1]> = {}) =>
    renewServingLease(database.db, { replicaId, url: 'http://127.0.0.1:1', ready: {}, active: {}, share: {}, refusal: {}, ...content })
  const expire = (replicaId: string) =>
    database.db.update(servingLease).set({ renewedAt: '2020-01-01T00:00:00Z' }).where(eq(servingLease.replicaId, replicaId))
  const watch = () => new MockActivityEnvironment().run(activities.watchReplicas, { endpoint: name, revision: 3, state: 'ready' as const })

  beforeEach(() => database.db.delete(servingLease))

  test('no live replica is not enough', async () => {
    await lease('gone', { ready: { [name]: 3 } })
    await expire('gone')
    expect(await readReplicas(database.db, { endpoint: name, revision: 3, state: 'ready' })).toMatchObject({ verdict: 'waiting', live: 0 })
  })

  test('reached when every live one is there; dead ones are not waited for', async () => {
    await lease('one', { ready: { [name]: 3 } })
    await lease('dead', { ready: { [name]: 2 } })
    await expire('dead')
    expect(await watch()).toMatchObject({ verdict: 'reached', live: 1 })
  })

  test('the live set is read again at each look', async () => {
    await lease('one', { ready: { [name]: 3 } })
    await lease('late', { ready: { [name]: 2 } })
    const environment = new MockActivityEnvironment()
    const looks: unknown[] = []
    environment.on('heartbeat', (detail: { waitingFor: string[] } | undefined) => {
      if (detail === undefined) return
      looks.push(detail.waitingFor)
      if (looks.length === 2) void lease('late', { ready: { [name]: 3 } })
    })
    const outcome = await environment.run(activities.watchReplicas, { endpoint: name, revision: 3, state: 'ready' as const })
    expect(outcome).toMatchObject({ verdict: 'reached', live: 2 })
    expect(looks.slice(0, 2)).toEqual([['late'], ['late']])
  })

  test('one refusal of this revision ends the wait; one of an older does not', async () => {
    await lease('one', { ready: { [name]: 3 }, refusal: { [name]: { revision: 2, reason: 'old' } } })
    expect(await watch()).toMatchObject({ verdict: 'reached' })
    await lease('two', { refusal: { [name]: { revision: 3, reason: 'its ONNX file is corrupt' } } })
    expect(await watch()).toMatchObject({ verdict: 'refused', refusal: 'replica two refused: its ONNX file is corrupt' })
  })
})

test('one active deployment an endpoint is also a rule of the database', async () => {
  const row = (id: string) => ({
    id,
    endpoint: name,
    modelName: name,
    modelVersion: 1,
    plan: rolloutPlan(),
    state: 'active' as const,
    requestedBy: 'ada',
    bodySha256: '',
  })
  await database.db.insert(deployment).values(row(randomUUID()))
  await expect(database.db.insert(deployment).values(row(randomUUID()))).rejects.toMatchObject({
    cause: { constraint: 'deployment_one_active' },
  })
})
