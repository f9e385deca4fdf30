/** Supervision through the API: a real supervisor on a real worker, and the rows that it and its kin leave. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Route } from '#contracts/deployments.ts'
import { superviseWorkflowId } from '#contracts/ids.ts'
import { SupervisionPolicy } from '#contracts/supervision.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { resolveFeatureSet } from '#domain/features/feature-sets.ts'
import { audit, endpoint, featureBuild, monitor, monitorPoint, retrain, sessionScore, trainingRun } from '#db/schema.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld, furnish, trainBody } from './world.ts'

let world: ApiWorld
let endWorker: () => Promise<void>
let active: Route
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  const { version } = await furnish(world)
  const { name: modelName, features: featureSet, ...asked } = trainBody
  const label = { ...trainBody.label, kind: 'time-series' as const }
  const owner = { requestedBy: 'ada', bodySha256: '0'.repeat(64) }
  await world.db.insert(featureBuild).values({
    id: version.buildId,
    definitionHash: version.featureHash,
    snapshotId: version.snapshotId,
    dataset: version.dataset,
    featureSet: resolveFeatureSet(featureSet, label),
    label,
    state: 'ready',
    manifest: version.sidecar,
    ...owner,
  })
  await world.db.insert(trainingRun).values({
    id: version.runId,
    modelName,
    modelVersion: 1,
    recipe: { ...asked, label, featureSet } as never,
    state: 'approved',
    buildId: version.buildId,
    ...owner,
  })
  active = {
    deploymentId: randomUUID(),
    model: { name: version.name, version: version.version },
    onnx: version.onnx,
    sidecar: version.sidecar,
    dataset: version.dataset,
    featureHash: version.featureHash,
    label,
  }
  endWorker = await runOrchestration(world)
})
afterAll(async () => {
  await endWorker?.()
  await world?.close()
})

async function deployed(): Promise<string> {
  const name = `e-${randomUUID().slice(0, 8)}`
  await world.db.insert(endpoint).values({ name, active, activeRevision: 1 })
  return name
}
const put = (name: string, policy: unknown = {}, headers: Record<string, string> = {}) =>
  world.ask(`PUT /api/v1/endpoints/${name}/supervision`, { key: world.keys.operator, body: { policy }, headers })
const get = async (path: string) => (await world.ask(`GET /api/v1/${path}`, { key: world.keys.viewer })).json()
const tell = (name: string, verb: string, headers: Record<string, string> = {}) =>
  world.ask(`POST /api/v1/endpoints/${name}/supervision/${verb}`, { key: world.keys.operator, body: { reason: 'a try' }, headers })

describe('an endpoint', () => {
  test('is supervised, given another policy, paused, resumed, told to retrain, and stopped', async () => {
    const name = await deployed()
    const first = await put(name)
    expect(first.status, first.text).toBe(202)
    expect(first.json()).toMatchObject({
      endpoint: name,
      state: 'running',
      dataset: 'us-daily',
      champion: active.model,
      requestedBy: 'operator',
    })
    expect(first.json().policy).toEqual(SupervisionPolicy.parse({}))
    // the row, not what the request said
    await expect.poll(async () => (await get(`endpoints/${name}/supervision`)).processedThrough, { timeout: 20_000 }).toBe('2008-05-30')

    expect((await put(name, { cooldownSessions: 7 })).json().policy.cooldownSessions).toBe(7)
    await expect.poll(async () => (await get(`endpoints/${name}/supervision`)).policy.cooldownSessions, { timeout: 20_000 }).toBe(7)

    expect((await tell(name, 'pause')).json()).toMatchObject({ phase: expect.stringMatching(/paus/), pausedBy: 'operator' })
    await expect.poll(async () => (await get(`endpoints/${name}/supervision`)).state, { timeout: 20_000 }).toBe('paused')
    expect((await tell(name, 'resume')).json().phase).toBe('running')

    // two who ask for a retrain at once hear of the same one
    const asked = await Promise.all([tell(name, 'retrain'), tell(name, 'retrain')])
    expect(asked.map(({ status }) => status)).toEqual([202, 202])
    expect(asked[0].json()).toEqual(asked[1].json())

    const stopped = await tell(name, 'stop')
    expect(stopped.status, stopped.text).toBe(202)
    await expect.poll(async () => (await get(`endpoints/${name}/supervision`)).state, { timeout: 20_000 }).toBe('stopped')
    const late = await tell(name, 'pause')
    expect([late.status, late.json().code]).toEqual([409, 'run_closed'])
    const nobody = await tell(name, 'retrain')
    expect([nobody.status, nobody.json().code], nobody.text).toEqual([409, 'conflict'])
    const actions = (
      await world.db
        .select()
        .from(audit)
        .where(eq(audit.subject, `supervision/${name}`))
    ).map(({ action }) => action)
    expect(actions).toEqual(expect.arrayContaining(['pause', 'resume', 'stop']))
  })

  test('is supervised once, however often the request comes, and again after a stop by a new one', async () => {
    const name = await deployed()
    const headers = { 'idempotency-key': randomUUID() }
    const answers = await Promise.all([1, 2, 3].map(() => put(name, {}, headers)))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202])
    const handle = world.temporal.client.workflow.getHandle(superviseWorkflowId(name))
    const { runId } = await handle.describe()
    await tell(name, 'stop')
    await handle.result()
    // the old request again: it has been stopped since, and stays so
    await put(name, {}, headers)
    expect((await handle.describe()).runId).toBe(runId)
    expect((await put(name)).status).toBe(202)
    expect((await handle.describe()).runId).not.toBe(runId)
    await tell(name, 'stop')
    await handle.result()
  })

  test('that answers with nothing, or is not there, is not supervised', async () => {
    await world.db.insert(endpoint).values({ name: 'empty' })
    const refused = await put('empty')
    expect([refused.status, refused.json().detail]).toEqual([409, expect.stringContaining('deploy one first')])
    expect((await put('nothing-here')).status).toBe(404)
    expect((await world.ask('GET /api/v1/endpoints/empty/supervision')).status).toBe(404)
    expect((await tell('empty', 'pause')).status).toBe(404)
    expect((await put('empty', { cooldownSessions: -1 })).json().issues).toMatchObject([{ path: 'body.policy.cooldownSessions' }])
  })
})

describe('an alert', () => {
  const raise = (name: string, session: string) =>
    raiseAlert(world.db, {
      endpoint: name,
      kind: 'decay',
      severity: 'warning',
      session,
      monitorId: null,
      summary: 'the loss rose',
      evidence: { statistic: 7 },
    })

  test('is acknowledged once, by the first who says so', async () => {
    const name = await deployed()
    const [first, second] = [await raise(name, '2008-06-30'), await raise(name, '2008-09-16')]
    const ack = (key: string, headers: Record<string, string> = {}) =>
      world.ask(`POST /api/v1/alerts/${first}/acknowledge`, { key, body: { reason: 'I look' }, headers })
    const headers = { 'idempotency-key': randomUUID() }
    const answer = await ack(world.keys.operator, headers)
    expect([answer.status, answer.json()], answer.text).toMatchObject([200, { id: first, acknowledgedBy: 'operator' }])
    expect((await ack(world.keys.operator, headers)).json()).toEqual(answer.json())
    expect((await ack(world.keys.admin)).json().acknowledgedBy).toBe('operator')
    expect((await ack(world.keys.viewer)).status).toBe(403)
    const ids = async (query: string) => (await get(`alerts?endpoint=${name}${query}`)).items.map(({ id }: { id: string }) => id)
    expect(await ids('')).toEqual([second, first])
    expect(await ids('&open=true')).toEqual([second])
    expect(await ids('&open=false')).toEqual([first])
    expect(await ids('&kind=data-drift')).toEqual([])
    const rows = await get(`audit?action=acknowledge&subject=alert/${first}`)
    expect(rows.items).toMatchObject([{ by: 'operator', detail: { reason: 'I look', endpoint: name } }])
  })

  test('that is not there cannot be acknowledged', async () => {
    expect((await world.ask(`POST /api/v1/alerts/${randomUUID()}/acknowledge`, { body: {} })).status).toBe(404)
  })
})

describe('what supervision leaves', () => {
  test('monitors with their points, scores by forecaster and session, retrains with their looks', async () => {
    const name = await deployed()
    const id = randomUUID()
    const model = { modelName: 'range-lightgbm', modelVersion: 1 }
    await world.db
      .insert(monitor)
      .values({ id, endpoint: name, kind: 'decay', ...model, after: '2008-05-30', threshold: 9.5, calibration: { blockSessions: 20 } })
    expect((await get(`monitors/${id}`)).session).toBeNull()
    const sessions = ['2008-06-02', '2008-06-03', '2008-06-04']
    await world.db
      .insert(monitorPoint)
      .values(sessions.map((session, i) => ({ monitorId: id, session, statistic: i * 5, fired: i === 2, detail: { z: i } })))
    expect((await get(`monitors?endpoint=${name}&kind=decay`)).items).toMatchObject([
      { id, model: { name: 'range-lightgbm', version: 1 }, session: '2008-06-04', statistic: 10, threshold: 9.5 },
    ])
    const page = await get(`monitors/${id}/points?limit=2`)
    const rest = await get(`monitors/${id}/points?limit=2&after=${page.nextCursor}`)
    expect([...page.items, ...rest.items].map(({ session, fired, threshold }) => [session, fired, threshold])).toEqual(
      sessions.map((session, i) => [session, i === 2, 9.5]),
    )

    const forecasters = ['range-lightgbm@1', 'persistence/range-lightgbm@1']
    await world.db
      .insert(sessionScore)
      .values(
        sessions.flatMap((session) =>
          forecasters.map((forecaster) => ({ endpoint: name, forecaster, session, loss: 0.1, bias: 0, rows: 4, labelRevisions: 4 })),
        ),
      )
    const scores = async (query: string) => (await get(`endpoints/${name}/scores?${query}`)).items.length
    expect(await scores('')).toBe(6)
    expect(await scores(`forecaster=${encodeURIComponent(forecasters[1]!)}`)).toBe(3)
    expect(await scores('from=2008-06-03&to=2008-06-03')).toBe(2)
    const firstScores = await get(`endpoints/${name}/scores?limit=3`)
    expect(await scores(`limit=200&after=${firstScores.nextCursor}`)).toBe(3)

    const values = { trigger: 'manual' as const, session: '2008-06-04', championName: 'range-lightgbm', championVersion: 1 }
    const retrainId = randomUUID()
    await world.db
      .insert(retrain)
      .values({ id: retrainId, endpoint: name, runId: randomUUID(), state: 'training', requestedBy: 'ada', ...values })
    expect((await get(`endpoints/${name}/retrains`)).items).toMatchObject([{ id: retrainId, challenger: null, looks: [], verdict: null }])
    expect(await get(`retrains/${retrainId}`)).toMatchObject({ champion: { name: 'range-lightgbm', version: 1 }, state: 'training' })
    expect((await get('retrains?endpoint=nothing-here')).items).toEqual([])
  })
})

test('the audit is filtered by action, by whom and by time', async () => {
  const at = (day: number) => `2020-01-0${day}T00:00:00.000Z`
  const row = (day: number, by: string, action: string) => ({ at: at(day), by, action, subject: 'thing/1', commandId: randomUUID() })
  await world.db.insert(audit).values([row(1, 'ada', 'pause'), row(2, 'bob', 'resume'), row(3, 'ada', 'stop')])
  const actions = async (query: string) =>
    (await get(`audit?subject=thing/1&${query}`)).items.map(({ action }: { action: string }) => action)
  expect(await actions('')).toEqual(['stop', 'resume', 'pause'])
  expect(await actions('by=ada')).toEqual(['stop', 'pause'])
  expect(await actions('action=resume')).toEqual(['resume'])
  expect(await actions(`from=${at(2)}&to=${at(3)}`)).toEqual(['resume'])
  expect((await world.ask('GET /api/v1/audit?from=yesterday')).status).toBe(422)
})
