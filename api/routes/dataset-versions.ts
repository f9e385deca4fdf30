/** The snapshots of a dataset as its versions: named, marked, followed both ways, and gone back to. */
import { z } from '@hono/zod-openapi'
import type { Snapshot } from '#contracts/datasets.ts'
import { page } from '#contracts/problems.ts'
import { commandWorkflowId } from '#contracts/ids.ts'
import type { ApplyCommandInput, Order } from '#contracts/orders.ts'
import { type RollBackDatasetRequest, SnapshotReference, TagName } from '#contracts/snapshots.ts'
import { Name } from '#contracts/words.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { readLineage } from '#db/queries/lineage.ts'
import { findSnapshot, findSnapshotTag, listHeadMoves, listSnapshotTags, resolveSnapshot } from '#db/queries/snapshots.ts'
import { apply } from '../apply.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, idempotencyHeaders, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findUnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'

const tags = ['snapshots']
const byName = z.strictObject({ name: Name })
const byReference = z.strictObject({ name: Name, snapshot: SnapshotReference })
const byTag = z.strictObject({ name: Name, tag: TagName })

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{snapshot}',
  tags,
  summary: 'One snapshot, by id, first digits of it, tag, `head` or `head~N`',
  request: { params: byReference },
  responses: { 200: answers(schemas.Snapshot, 'The snapshot'), ...notFound },
})

const note = operation('operator', {
  method: 'put',
  path: '/api/v1/datasets/{name}/snapshots/{snapshot}/note',
  tags,
  summary: 'Say what people should know of a snapshot',
  description: 'An empty note removes it.',
  request: { params: byReference, ...jsonBody(schemas.NoteRequest) },
  responses: { 200: answers(schemas.Snapshot, 'The snapshot'), ...notFound },
})

const lineage = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{snapshot}/lineage',
  tags,
  summary: 'Where a snapshot came from, and every build, run, version and prediction that was made of it',
  request: { params: byReference },
  responses: { 200: answers(schemas.Lineage, 'The lineage'), ...notFound },
})

const history = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/history',
  tags,
  summary: 'Every move of the head, newest first: `head~N` counts along it',
  request: { params: byName, query: listing({}) },
  responses: { 200: answers(page(schemas.HeadMove), 'Moves') },
})

const listTags = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/tags',
  tags,
  summary: 'Tags by name',
  request: { params: byName, query: listing({}) },
  responses: { 200: answers(page(schemas.SnapshotTag), 'Tags') },
})

const setTag = operation('operator', {
  method: 'put',
  path: '/api/v1/datasets/{name}/tags/{tag}',
  tags,
  summary: 'Tag a snapshot, or move the tag to it',
  description: 'A tag keeps its snapshot from garbage collection.',
  request: { params: byTag, ...jsonBody(schemas.TagRequest) },
  responses: { 200: answers(schemas.SnapshotTag, 'The tag'), ...notFound },
})

const removeTag = operation('operator', {
  method: 'delete',
  path: '/api/v1/datasets/{name}/tags/{tag}',
  tags,
  summary: 'Remove a tag',
  description: 'The snapshot stays, until nothing needs it any more.',
  request: { params: byTag, headers: idempotencyHeaders },
  responses: { 200: answers(schemas.SnapshotTag, 'The tag as it was'), ...notFound },
})

const rollBack = operation('approver', {
  method: 'post',
  path: '/api/v1/datasets/{name}/rollback',
  tags,
  summary: 'Make an earlier snapshot the head again',
  description:
    'History goes on, and those who follow the dataset are told as when a snapshot lands. A sync under way will not land. The next sync fetches from the source again: pause its schedule when the source is what was wrong.',
  request: { params: byName, ...jsonBody(schemas.RollBackDatasetRequest) },
  responses: { 200: answers(schemas.RolledBackDataset, 'From where to where the head went'), ...notFound, ...conflict },
})

export function datasetVersions(app: Api, deps: AppDependencies): void {
  const { db } = deps
  const datasetOf = async (name: string) => found(await findDataset(db, name), 'dataset', name)
  const snapshotOf = async (name: string, reference: string): Promise<Snapshot> => {
    await datasetOf(name)
    const id = await resolveSnapshot(db, name, reference)
    return found(await findSnapshot(db, id, name), 'snapshot', id)
  }
  const tagOf = async (name: string, tag: string) => found(await findSnapshotTag(db, name, tag), 'tag', tag)

  app.openapi(get, async (c) => {
    const { name, snapshot } = c.req.valid('param')
    return c.json(await snapshotOf(name, snapshot), 200)
  })

  app.openapi(note, async (c) => {
    const { name, snapshot } = c.req.valid('param')
    const { id } = await snapshotOf(name, snapshot)
    await apply(deps, { verb: 'note-snapshot', dataset: name, snapshotId: id, ...c.req.valid('json') }, {}, await acceptRequest(c, db))
    return c.json(await snapshotOf(name, id), 200)
  })

  app.openapi(lineage, async (c) => {
    const { name, snapshot } = c.req.valid('param')
    const { id } = await snapshotOf(name, snapshot)
    return c.json(found(await readLineage(db, name, id), 'snapshot', id), 200)
  })

  app.openapi(history, async (c) => {
    const { name } = await datasetOf(c.req.valid('param').name)
    return c.json(await listHeadMoves(db, name, c.req.valid('query')), 200)
  })

  app.openapi(listTags, async (c) => {
    const { name } = await datasetOf(c.req.valid('param').name)
    return c.json(await listSnapshotTags(db, name, c.req.valid('query')), 200)
  })

  app.openapi(setTag, async (c) => {
    const { name, tag } = c.req.valid('param')
    const { snapshot, reason } = c.req.valid('json')
    const { id } = await snapshotOf(name, snapshot)
    await apply(deps, { verb: 'tag-snapshot', dataset: name, tag, snapshotId: id }, { reason }, await acceptRequest(c, db))
    return c.json(await tagOf(name, tag), 200)
  })

  app.openapi(removeTag, async (c) => {
    const { name, tag } = c.req.valid('param')
    const known = await tagOf(name, tag)
    await apply(deps, { verb: 'untag-snapshot', dataset: name, tag }, {}, await acceptRequest(c, db))
    return c.json(known, 200)
  })

  app.openapi(rollBack, async (c) => {
    const { name } = c.req.valid('param')
    const body = c.req.valid('json')
    const request = await acceptRequest(c, db)
    const order = (await rollbackAskedBefore(deps, request.id)) ?? (await orderOf(name, body))
    await apply(deps, order, body, request)
    const { from, to } = order
    const { lastSession } = await snapshotOf(name, to)
    return c.json({ dataset: name, from, to, lastSession }, 200)
  })

  const orderOf = async (name: string, { from, to }: RollBackDatasetRequest): Promise<RollbackOrder> => ({
    verb: 'roll-back-dataset',
    dataset: name,
    from: (await snapshotOf(name, from ?? 'head')).id,
    to: (await snapshotOf(name, to)).id,
  })
}

type RollbackOrder = Extract<Order, { verb: 'roll-back-dataset' }>

/** A repeat means what it meant at first, though `head` is another by now. */
async function rollbackAskedBefore({ temporal }: AppDependencies, id: string): Promise<RollbackOrder | undefined> {
  const order = (await findUnwrittenRun<ApplyCommandInput>(temporal, commandWorkflowId(id)))?.input.order
  return order?.verb === 'roll-back-dataset' ? order : undefined
}
