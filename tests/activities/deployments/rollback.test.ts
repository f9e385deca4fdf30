import { randomUUID } from 'node:crypto'
import { drizzle } from 'drizzle-orm/node-postgres'
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDeploymentActivities } from '#activities/deployments.ts'
import type { Database } from '#db/client.ts'
import { activateDeployment } from '#db/commands/activate-deployment.ts'
import { rollBackDeployment } from '#db/commands/roll-back-deployment.ts'
import { listEndpointHistory } from '#db/queries/endpoint-history.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { audit, deployment, modelVersion } from '#db/schema.ts'
import { FaultPlan } from '#tests/faults/fault-plan.ts'
import { connectionLost, faultyPool } from '#tests/faults/faulty-pool.ts'
import { deployVersion } from '#tests/serving/serving-app.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let name: string

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  await publishFeatureRows(database.db, { AAPL: [1, 2, 3, 4] })
})
afterAll(() => Promise.all([database.drop(), store.drop()]))
beforeEach(async () => {
  name = `m-${randomUUID().slice(0, 8)}`
  for (const version of [1, 2, 3]) await registerVersion(database.db, store.objects, name, { version })
})

const prepared = (version: number, plan = rolloutPlan()) => deployVersion(database.db, store.objects, name, { name, version }, plan)
async function deployed(version: number): Promise<string> {
  const made = await prepared(version)
  await made.activate()
  return made.deploymentId
}
const command = (by = 'ada') => ({ commandId: randomUUID(), by })
const undo = (deploymentId: string, by?: string, db: Database = database.db) =>
  rollBackDeployment(db, { deploymentId, command: command(by) })
const endpoint = async () => (await findEndpoint(database.db, name))!
const stateOf = async (id: string) => (await findDeployment(database.db, id))?.state
const stages = async () =>
  (await database.db.select().from(modelVersion).where(eq(modelVersion.name, name)).orderBy(modelVersion.version)).map(({ stage }) => stage)
const auditOf = (action: string) =>
  database.db
    .select()
    .from(audit)
    .where(and(eq(audit.action, action), eq(audit.subject, `endpoint/${name}`)))

describe('a rollback', () => {
  test('puts what answered before back, under a revision of its own, together with states, stages and audit', async () => {
    const [first, second, third] = [await deployed(1), await deployed(2), await deployed(3)]
    expect(await undo(third, 'cy')).toEqual({
      deploymentId: third,
      endpoint: name,
      doneNow: true,
      answers: { deploymentId: second, model: { name, version: 2 }, revision: 4 },
    })
    expect(await endpoint()).toMatchObject({
      active: { deploymentId: second },
      activeRevision: 4,
      prepareRevision: 4,
      previous: { deploymentId: first },
      prepared: null,
    })
    expect([await stateOf(first), await stateOf(second), await stateOf(third)]).toEqual(['superseded', 'active', 'rolled_back'])
    expect(await stages()).toEqual(['staging', 'production', 'staging'])
    expect(await auditOf('rollback')).toMatchObject([
      { by: 'cy', detail: { deploymentId: third, to: { deploymentId: second }, revision: 4, undoneRevision: 3 } },
    ])
  })

  test('asked twice answers the same and does nothing more', async () => {
    await deployed(1)
    const second = await deployed(2)
    const done = await undo(second)
    expect(await undo(second)).toEqual({ ...done, doneNow: false })
    expect(await auditOf('rollback')).toHaveLength(1)
  })

  test('may go on to what was before, and ends where nothing was', async () => {
    const [first, second, third] = [await deployed(1), await deployed(2), await deployed(3)]
    await undo(third)
    await undo(second)
    expect(await endpoint()).toMatchObject({ active: { deploymentId: first }, activeRevision: 5, previous: null })
    await expect(undo(first)).rejects.toMatchObject({ code: 'nothing_to_roll_back' })
    expect(await endpoint()).toMatchObject({ active: { deploymentId: first }, activeRevision: 5 })
  })

  test('after which the same version is deployed again', async () => {
    const first = await deployed(1)
    await undo(await deployed(2))
    const again = await deployed(2)
    expect(await endpoint()).toMatchObject({ active: { deploymentId: again }, activeRevision: 4, previous: { deploymentId: first } })
  })

  test('of what no longer answers is a conflict that names what does', async () => {
    const [first, second] = [await deployed(1), await deployed(2)]
    await expect(undo(first)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(second) })
  })

  test('beneath another deployment under way is a conflict that names it', async () => {
    await deployed(1)
    const second = await deployed(2)
    const over = await prepared(3)
    await expect(undo(second)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(over.deploymentId) })
    expect(await undo(over.deploymentId)).toMatchObject({ doneNow: true, answers: { deploymentId: second, revision: 2 } })
    expect(await endpoint()).toMatchObject({ prepared: null, share: 0, activeRevision: 2 })
    expect(await stateOf(over.deploymentId)).toBe('rolled_back')
    await undo(second)
  })

  test.each(['refused', 'failed', 'stopped'] as const)('of what was %s finds nothing', async (state) => {
    await deployed(1)
    const ended = await prepared(2)
    await createDeploymentActivities({ db: database.db, objects: store.objects }).closeDeployment({
      deploymentId: ended.deploymentId,
      state,
      reason: 'x',
    })
    await expect(undo(ended.deploymentId)).rejects.toMatchObject({ code: 'nothing_to_roll_back' })
  })

  test('to a version that was archived is refused, and nothing of it remains', async () => {
    await deployed(1)
    const second = await deployed(2)
    await database.db
      .update(modelVersion)
      .set({ stage: 'archived' })
      .where(and(eq(modelVersion.name, name), eq(modelVersion.version, 1)))
    await expect(undo(second)).rejects.toMatchObject({ code: 'conflict' })
    expect(await endpoint()).toMatchObject({ active: { deploymentId: second }, activeRevision: 2 })
    expect(await auditOf('rollback')).toHaveLength(0)
  })
})

describe('raced by twenty callers whose connections break', () => {
  /** Each caller has a connection of its own that is lost once, before or after a statement took effect, and tries again. */
  async function twenty<T>(work: (db: Database) => Promise<T>): Promise<T[]> {
    const statements = [/^select .* from "endpoint"/, /^update "endpoint"/, /^update "deployment"/, /^insert into "audit"/, /^commit/]
    const plans: FaultPlan[] = []
    const callers = Array.from({ length: 20 }, async (_, index) => {
      const plan = new FaultPlan({
        on: statements[index % statements.length]!,
        nth: 1,
        when: index % 2 === 0 ? 'after' : 'before',
        error: connectionLost,
      })
      plans.push(plan)
      const db = drizzle(faultyPool(database.pool, plan)) as unknown as Database
      for (;;) {
        const fired = plan.fired
        try {
          return await work(db)
        } catch (error) {
          // only the planned loss is worth another try
          if (plan.fired === fired) throw error
        }
      }
    })
    const answers = await Promise.all(callers)
    // every caller reads the endpoint and commits: these were all hit
    expect(plans.filter(({ fired }) => fired > 0).length).toBeGreaterThanOrEqual(8)
    return answers
  }

  test('a deployment is activated once, with one audit row', async () => {
    const first = await deployed(1)
    const { deploymentId } = await prepared(2)
    const answers = await twenty((db) => activateDeployment(db, deploymentId))
    expect(new Set(answers.map(({ revision }) => revision))).toEqual(new Set([2]))
    expect(await endpoint()).toMatchObject({ activeRevision: 2, prepareRevision: 2, previous: { deploymentId: first } })
    expect((await auditOf('activate')).map(({ commandId }) => commandId).filter((id) => id === deploymentId)).toHaveLength(1)
    const active = and(eq(deployment.endpoint, name), eq(deployment.state, 'active'))
    expect((await database.db.select().from(deployment).where(active)).map(({ id }) => id)).toEqual([deploymentId])
  })

  test('it is rolled back once, with one audit row', async () => {
    const first = await deployed(1)
    const second = await deployed(2)
    const answers = await twenty((db) => undo(second, 'ada', db))
    expect(answers.filter(({ doneNow }) => doneNow).length).toBeLessThanOrEqual(1)
    for (const { answers: now } of answers) expect(now).toEqual({ deploymentId: first, model: { name, version: 1 }, revision: 3 })
    expect(await endpoint()).toMatchObject({ activeRevision: 3, prepareRevision: 3 })
    expect(await auditOf('rollback')).toHaveLength(1)
    expect([await stateOf(first), await stateOf(second)]).toEqual(['active', 'rolled_back'])
  })

  test('activated and rolled back at once, it ends in one of both, told by the audit', async () => {
    const first = await deployed(1)
    const { deploymentId } = await prepared(2)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? activateDeployment(database.db, deploymentId) : undo(deploymentId))),
    )
    // a rollback that came first withdrew the route: then nobody could switch it on
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' })
    expect(await endpoint()).toMatchObject({ active: { deploymentId: first }, prepared: null })
    expect(await stateOf(deploymentId)).toBe('rolled_back')
    expect(await auditOf('rollback')).toHaveLength(1)
  })
})

describe('the history of an endpoint', () => {
  test('tells which deployment answered when, rollbacks included', async () => {
    const first = await deployed(1)
    const second = await deployed(2)
    await undo(second, 'cy')
    const withdrawn = await prepared(3)
    await undo(withdrawn.deploymentId)
    const { items } = await listEndpointHistory(database.db, name, { limit: 10 })
    expect(items.map(({ deploymentId, revision, began, by }) => [deploymentId, revision, began, by])).toEqual([
      [first, 3, 'rollback', 'cy'],
      [second, 2, 'activate', 'ada'],
      [first, 1, 'activate', 'ada'],
    ])
    expect(items[0]?.to).toBeNull()
    expect(items[1]?.to).toBe(items[0]?.from)
    const at = async (time: string) =>
      (await listEndpointHistory(database.db, name, { limit: 10, at: time })).items.map(({ revision }) => revision)
    expect(await at(items[1]!.from)).toEqual([2])
    expect(await at(new Date().toISOString())).toEqual([3])
    expect(await at('2001-01-01T00:00:00Z')).toEqual([])
    const page = await listEndpointHistory(database.db, name, { limit: 1 })
    const next = await listEndpointHistory(database.db, name, { limit: 5, after: page.nextCursor! })
    expect(next.items.map(({ revision }) => revision)).toEqual([2, 1])
  })
})
