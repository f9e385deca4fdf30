import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { z } from 'zod'
import { Deployment, EndpointSpell, Rollback } from '#contracts/deployments.ts'
import { deploymentWorkflowId } from '#contracts/ids.ts'
import type { DeployRequest } from '#contracts/requests.ts'
import { servingApp } from '#tests/serving/serving-app.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let endWorker: () => Promise<void>
let replica: Awaited<ReturnType<typeof servingApp>>
let name: string

beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  await publishFeatureRows(world.db, { AAPL: [1, 1, 1, 1] })
  endWorker = await runOrchestration(world)
  replica = await servingApp({ db: world.db, objects: world.objects })
  await replica.replica.look()
  replica.replica.follow()
})
afterAll(async () => {
  await replica.replica.leave()
  await replica.close()
  await endWorker()
  await world.close()
})
beforeEach(async () => {
  name = `m-${randomUUID().slice(0, 8)}`
  for (const version of [1, 2]) await registerVersion(world.db, world.objects, name, { version })
})
afterEach(async () => {
  // a bake would go on beyond its test
  for (const { id, endedAt } of (await world.ask(`GET /api/v1/deployments?endpoint=${name}`)).json().items as Deployment[])
    if (endedAt === null) await post(`/deployments/${id}/stop`)
})

const post = (path: string, body: unknown = {}, key = randomUUID(), as: 'operator' | 'approver' = 'approver') =>
  world.ask(`POST /api/v1${path}`, { body, key: world.keys[as], headers: { 'idempotency-key': key } })
const find = async (id: string) => Deployment.parse((await world.ask(`GET /api/v1/deployments/${id}`)).json())
const eventually = (assertion: () => Promise<void>) => vi.waitFor(assertion, { timeout: 30_000, interval: 50 })

async function deployed(version: number, plan: z.input<typeof DeployRequest>['plan'] = {}): Promise<string> {
  const answer = await post('/deployments', { endpoint: name, model: { name, version }, plan })
  expect(answer.status).toBe(202)
  const { id } = answer.json() as Deployment
  await eventually(async () => expect((await find(id)).state).toBe('active'))
  return id
}

const baking = { strategy: 'blue-green', bakeSeconds: 3600 } as const

describe('a rollback', () => {
  test.each([
    ['that bakes, by its own workflow', baking],
    ['that has ended, by a workflow of its own', {}],
  ])('of a deployment %s, answers when it is done', async (_, plan) => {
    const first = await deployed(1)
    const second = await deployed(2, plan)
    const key = randomUUID()
    const done = await post(`/deployments/${second}/rollback`, { reason: 'wrong' }, key)
    expect(done.status).toBe(200)
    const expected = {
      deploymentId: second,
      endpoint: name,
      doneNow: true,
      answers: { deploymentId: first, model: { name, version: 1 }, revision: 3 },
    }
    expect(Rollback.parse(done.json())).toEqual(expected)
    expect(await find(second)).toMatchObject({ state: 'rolled_back', failure: 'rolled back by approver: wrong', predecessorId: first })
    expect((await post(`/deployments/${second}/rollback`, { reason: 'wrong' }, key)).json()).toEqual(expected)
    expect((await post(`/deployments/${second}/rollback`)).json()).toEqual({ ...expected, doneNow: false })
  })

  test('asked by twenty at once happens once, and all are told the same', async () => {
    const first = await deployed(1)
    const second = await deployed(2, baking)
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(`/deployments/${second}/rollback`)))
    expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([])
    const told = answers.map((answer) => Rollback.parse(answer.json()))
    expect(told.filter(({ doneNow }) => doneNow)).toHaveLength(1)
    for (const { answers: now } of told) expect(now).toMatchObject({ deploymentId: first, revision: 3 })
    const audit = (await world.ask(`GET /api/v1/audit?subject=endpoint/${name}`)).json().items as { action: string }[]
    expect(audit.filter(({ action }) => action === 'rollback')).toHaveLength(1)
  })

  test('needs an approver', async () => {
    const first = await deployed(1)
    for (const path of [`/deployments/${first}/rollback`, `/deployments/${first}/promote`, `/endpoints/${name}/rollback`])
      expect((await post(path, {}, randomUUID(), 'operator')).status).toBe(403)
  })

  test('with nothing to go back to is a conflict that says so', async () => {
    const first = await deployed(1)
    const refused = await post(`/deployments/${first}/rollback`)
    expect([refused.status, refused.json()]).toEqual([409, expect.objectContaining({ code: 'nothing_to_roll_back' })])
    await deployed(2)
    const late = await post(`/deployments/${first}/rollback`)
    expect([late.status, late.json()]).toEqual([409, expect.objectContaining({ code: 'conflict' })])
    expect((await post(`/deployments/${randomUUID()}/rollback`)).status).toBe(404)
  })

  test('of a deployment whose workflow was terminated works too', async () => {
    const first = await deployed(1)
    const second = await deployed(2, baking)
    await world.temporal.client.workflow.getHandle(deploymentWorkflowId(name, second)).terminate()
    expect((await post(`/deployments/${second}/rollback`)).json()).toMatchObject({ doneNow: true, answers: { deploymentId: first } })
  })
})

describe('of an endpoint', () => {
  test('it undoes the one that answers, and a repeat of the same request no other', async () => {
    await deployed(1)
    const second = await deployed(2)
    const third = await deployed(1)
    const key = randomUUID()
    for (let time = 0; time < 2; time++)
      expect((await post(`/endpoints/${name}/rollback`, {}, key)).json()).toMatchObject({
        deploymentId: third,
        answers: { deploymentId: second, revision: 4 },
      })
    // named, it is told that this was done
    expect((await post(`/endpoints/${name}/rollback`, { deploymentId: third })).json()).toMatchObject({ doneNow: false })
  })

  test('it undoes a canary that takes requests, and the active version stays', async () => {
    const first = await deployed(1)
    const canary = (
      await post('/deployments', {
        endpoint: name,
        model: { name, version: 2 },
        plan: { strategy: 'canary', steps: [{ share: 0.1, seconds: 3600 }] },
      })
    ).json() as Deployment
    await eventually(async () => expect((await world.ask(`GET /api/v1/endpoints/${name}`)).json()).toMatchObject({ share: 0.1 }))
    await eventually(async () => expect(await find(canary.id)).toMatchObject({ step: 'canary 10 %' }))
    expect((await post(`/endpoints/${name}/rollback`)).json()).toMatchObject({
      deploymentId: canary.id,
      answers: { deploymentId: first, revision: 1 },
    })
    expect((await world.ask(`GET /api/v1/endpoints/${name}`)).json()).toMatchObject({ share: 0, prepared: null })
  })

  test('the history tells who answered when', async () => {
    const first = await deployed(1)
    const second = await deployed(2)
    const between = new Date().toISOString()
    await post(`/endpoints/${name}/rollback`)
    const history = async (query = '') =>
      ((await world.ask(`GET /api/v1/endpoints/${name}/history${query}`)).json().items as unknown[]).map((item) =>
        EndpointSpell.parse(item),
      )
    expect((await history()).map(({ deploymentId, began, by }) => [deploymentId, began, by])).toEqual([
      [first, 'rollback', 'approver'],
      [second, 'activate', 'approver'],
      [first, 'activate', 'approver'],
    ])
    expect(await history(`?at=${encodeURIComponent(between)}`)).toMatchObject([{ deploymentId: second, revision: 2 }])
    expect((await world.ask(`GET /api/v1/endpoints/nowhere/history`)).status).toBe(404)
    expect((await world.ask(`GET /api/v1/endpoints/${name}/history?at=yesterday`)).status).toBe(422)
  })
})

test('approving after a rejection is told that it was decided', async () => {
  const { id } = (
    await post('/deployments', { endpoint: name, model: { name, version: 1 }, plan: { approval: true } })
  ).json() as Deployment
  await eventually(async () => expect((await find(id)).state).toBe('awaiting_approval'))
  expect((await post(`/deployments/${id}/reject`, { reason: 'month end' })).status).toBe(202)
  await eventually(async () => expect((await find(id)).state).toBe('rejected'))
  const late = await post(`/deployments/${id}/approve`)
  expect([late.status, late.json()]).toEqual([409, expect.objectContaining({ code: 'already_decided' })])
})
