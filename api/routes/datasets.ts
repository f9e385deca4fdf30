import { z } from '@hono/zod-openapi'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ConnectorConfig, Sync, SyncInput } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { syncWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Id, Name } from '#contracts/words.ts'
import { findDataset, listDatasets } from '#db/queries/datasets.ts'
import { findSync, listQuarantinedRows, listSyncs } from '#db/queries/syncs.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findUnwrittenRun, startUnlessRunning, type UnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { obey, roleOfVerb, Verb } from '../verbs.ts'

const tags = ['datasets']
const byName = z.strictObject({ name: Name })
const bySync = z.strictObject({ name: Name, id: Id })

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets',
  tags,
  summary: 'Datasets by name',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.Dataset), 'Datasets') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}',
  tags,
  summary: 'One dataset, with its newest snapshot',
  request: { params: byName },
  responses: { 200: answers(schemas.Dataset, 'The dataset'), ...notFound },
})

const sync = operation('operator', {
  method: 'post',
  path: '/api/v1/datasets/{name}/sync',
  tags,
  summary: 'Fetch bars into a new snapshot',
  description: 'A first sync makes the dataset. One sync runs at a time: asking for the same again joins it.',
  request: { params: byName, ...jsonBody(schemas.SyncRequest) },
  responses: { 202: answers(schemas.Sync, 'The sync was accepted'), ...notFound, ...conflict },
})

const syncs = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/syncs',
  tags,
  summary: 'Syncs of a dataset, newest first',
  request: { params: byName, query: listing({}) },
  responses: { 200: answers(page(schemas.Sync), 'Syncs') },
})

const oneSync = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/syncs/{id}',
  tags,
  summary: 'One sync',
  request: { params: bySync },
  responses: { 200: answers(schemas.Sync, 'The sync'), ...notFound },
})

const quarantine = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/syncs/{id}/quarantine',
  tags,
  summary: 'Rows that a sync refused, with file, line and reason',
  request: { params: bySync, query: listing({}) },
  responses: { 200: answers(page(schemas.QuarantinedRow), 'Rows'), ...notFound },
})

const verb = (name: Verb) =>
  operation(roleOfVerb[name], {
    method: 'post',
    path: `/api/v1/datasets/{name}/${name}`,
    tags,
    summary: `${name} the running sync`,
    request: { params: byName, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.RunState, 'How the sync stands'), ...notFound, ...conflict },
  })

export function datasets(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps
  app.openapi(list, async (c) => c.json(await listDatasets(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(found(await findDataset(db, name), 'dataset', name), 200)
  })

  app.openapi(sync, async (c) => {
    const { name } = c.req.valid('param')
    const connector = c.req.valid('json').connector ?? found(await findDataset(db, name), 'dataset', name).connector
    const request = await acceptRequest(c, db)
    const known = await findSync(db, request.id)
    if (known) return c.json(known, 202)
    const input: SyncInput = { syncId: request.id, dataset: name, connector, origin: request.origin }
    const workflowId = syncWorkflowId(name)
    const latest = () => findUnwrittenRun<SyncInput>(temporal, workflowId)
    const latestHasEnded = async () => typeof (await findSync(db, (await latest())?.id ?? request.id))?.endedAt === 'string'
    const started = await startUnlessRunning(temporal, { type: 'syncMarketData', workflowId, input, request }, latestHasEnded)
    const running = started ? undefined : await latest()
    if (running) assertSame(running, connector)
    const { id, startedAt } = running ?? { id: request.id, startedAt: deps.clock().toISOString() }
    return c.json((await findSync(db, id)) ?? acceptedSync(running?.input ?? input, startedAt), 202)
  })

  app.openapi(syncs, async (c) => c.json(await listSyncs(db, { dataset: c.req.valid('param').name, ...c.req.valid('query') }), 200))

  const syncOf = async ({ name, id }: { name: string; id: string }): Promise<Sync> => {
    const row = await findSync(db, id)
    if (row?.dataset === name) return row
    const running = await findUnwrittenRun<SyncInput>(temporal, syncWorkflowId(name))
    return found(running?.id === id ? acceptedSync(running.input, running.startedAt, running.state) : undefined, 'sync', id)
  }
  app.openapi(oneSync, async (c) => c.json(await syncOf(c.req.valid('param')), 200))
  app.openapi(quarantine, async (c) => {
    const { id } = await syncOf(c.req.valid('param'))
    return c.json(await listQuarantinedRows(db, id, c.req.valid('query')), 200)
  })

  for (const name of Verb.options)
    app.openapi(verb(name), async (c) => {
      const dataset = c.req.valid('param').name
      const workflowId = syncWorkflowId(dataset)
      const latest =
        (await findUnwrittenRun<SyncInput>(temporal, workflowId))?.id ?? (await listSyncs(db, { dataset, limit: 1 })).items[0]?.id
      const id = found(latest, 'sync of dataset', dataset)
      return c.json(await obey(deps, { kind: 'sync', id, workflowId }, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
    })
}

/** Two who ask for the same bars share one sync; other bars have to wait. */
function assertSame(running: UnwrittenRun<SyncInput>, connector: ConnectorConfig): void {
  if (canonicalJson(running.input.connector) !== canonicalJson(connector))
    throw new QuantloopError(
      'conflict',
      `dataset ${running.input.dataset} is being synced from elsewhere by ${running.id}: wait for it, or stop it`,
      {
        sync: running.id,
      },
    )
}

const acceptedSync = (input: SyncInput, startedAt: string, state: UnwrittenRun<unknown>['state'] = 'running'): Sync => ({
  id: input.syncId,
  dataset: input.dataset,
  connector: input.connector,
  state,
  step: 'start',
  rows: 0,
  symbols: 0,
  quarantined: 0,
  jumps: [],
  withdrawn: [],
  snapshotId: null,
  failure: null,
  requestedBy: input.origin.by,
  startedAt,
  endedAt: null,
})
