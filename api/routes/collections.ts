import { z } from '@hono/zod-openapi'
import { type Collection, type CollectInput, type CollectRequest, GarbageObject, GarbagePlan } from '#contracts/collections.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { collectWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Id } from '#contracts/words.ts'
import { findCollection, listCollections } from '#db/queries/collections.ts'
import { decodeCursor, encodeCursor } from '#db/queries/cursor.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findUnwrittenRun, startUnlessRunning, type UnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { obey, roleOfVerb } from '../verbs.ts'

const tags = ['collections']
const byId = z.strictObject({ id: Id })

const create = operation('admin', {
  method: 'post',
  path: '/api/v1/collections',
  tags,
  summary: 'Collect what nothing needs any more from the object store',
  description:
    'A dry run, which is the default, only tells what would go. Objects younger than the grace period stay, and so does every snapshot that is a head, tagged, used, or was a head within the days to keep. One collection runs at a time.',
  request: jsonBody(schemas.CollectRequest),
  responses: { 202: answers(schemas.Collection, 'The collection was accepted'), ...conflict },
})

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/collections',
  tags,
  summary: 'Garbage collections, newest first',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.Collection), 'Collections') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/collections/{id}',
  tags,
  summary: 'One garbage collection',
  request: { params: byId },
  responses: { 200: answers(schemas.Collection, 'The collection'), ...notFound },
})

const garbage = operation('viewer', {
  method: 'get',
  path: '/api/v1/collections/{id}/garbage',
  tags,
  summary: 'What a collection found that may go, and why',
  request: { params: byId, query: listing({}) },
  responses: { 200: answers(page(GarbageObject), 'Objects'), ...notFound },
})

const verbs = ['pause', 'resume', 'stop'] as const
const verb = (name: (typeof verbs)[number]) =>
  operation(roleOfVerb[name], {
    method: 'post',
    path: `/api/v1/collections/{id}/${name}`,
    tags,
    summary: `${name} a garbage collection`,
    request: { params: byId, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.RunState, 'How the collection stands'), ...notFound, ...conflict },
  })

export function collections(app: Api, deps: AppDependencies): void {
  const { db, temporal, objects } = deps
  const latest = () => findUnwrittenRun<CollectInput>(temporal, collectWorkflowId)
  const collectionOf = async (id: string): Promise<Collection> => {
    const row = await findCollection(db, id)
    if (row !== undefined) return row
    const run = await latest()
    return found(run?.id === id ? accepted(run.input, run.startedAt, run.state) : undefined, 'collection', id)
  }

  app.openapi(create, async (c) => {
    const terms = c.req.valid('json')
    const request = await acceptRequest(c, db)
    const known = await findCollection(db, request.id)
    if (known) return c.json(known, 202)
    const input: CollectInput = { collectionId: request.id, ...terms, origin: request.origin }
    const hasEnded = async () => typeof (await findCollection(db, (await latest())?.id ?? request.id))?.endedAt === 'string'
    const start = { type: 'collectGarbage', workflowId: collectWorkflowId, input, request }
    const started = await startUnlessRunning(temporal, start, hasEnded)
    const running = started ? undefined : await latest()
    if (running !== undefined) assertSame(running, terms)
    return c.json(await collectionOf(running?.id ?? request.id), 202)
  })

  app.openapi(list, async (c) => c.json(await listCollections(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => c.json(await collectionOf(c.req.valid('param').id), 200))

  app.openapi(garbage, async (c) => {
    const { plan } = await collectionOf(c.req.valid('param').id)
    const { limit, after } = c.req.valid('query')
    const [from] = after === undefined ? [0] : decodeCursor(after, [0] as [number])
    if (plan === null) return c.json({ items: [], nextCursor: null }, 200)
    const all = GarbagePlan.parse(JSON.parse(new TextDecoder().decode(await objects.get(plan)))).objects
    const nextCursor = from + limit < all.length ? encodeCursor([from + limit]) : null
    return c.json({ items: all.slice(from, from + limit), nextCursor }, 200)
  })

  for (const name of verbs)
    app.openapi(verb(name), async (c) => {
      const { id } = await collectionOf(c.req.valid('param').id)
      const target = { kind: 'collection', id, workflowId: collectWorkflowId } as const
      return c.json(await obey(deps, target, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
    })
}

/** Two who ask for the same share one collection; other terms have to wait. */
function assertSame({ id, input }: UnwrittenRun<CollectInput>, terms: CollectRequest): void {
  const same = input.dryRun === terms.dryRun && input.graceHours === terms.graceHours && input.keepDays === terms.keepDays
  if (!same) throw new QuantloopError('conflict', `collection ${id} runs on other terms: wait for it, or stop it`, { collection: id })
}

const accepted = (
  { collectionId, dryRun, graceHours, keepDays, origin }: CollectInput,
  startedAt: string,
  state: UnwrittenRun<unknown>['state'],
): Collection => ({
  id: collectionId,
  dryRun,
  graceHours,
  keepDays,
  state,
  step: 'start',
  plan: null,
  scanned: null,
  found: null,
  removed: null,
  failure: null,
  requestedBy: origin.by,
  startedAt,
  endedAt: null,
})
