import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { Sha256 } from '#contracts/references.ts'
import { Name } from '#contracts/words.ts'
import { findSnapshot, listSnapshots } from '#db/queries/snapshots.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['snapshots']

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/snapshots',
  tags,
  summary: 'Snapshots, newest first',
  request: { query: listing({ dataset: Name.optional() }) },
  responses: { 200: answers(page(schemas.Snapshot), 'Snapshots') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/snapshots/{id}',
  tags,
  summary: 'One snapshot',
  request: { params: z.strictObject({ id: Sha256 }) },
  responses: { 200: answers(schemas.Snapshot, 'The snapshot'), ...notFound },
})

export function snapshots(app: Api, { db }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listSnapshots(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(found(await findSnapshot(db, id), 'snapshot', id), 200)
  })
}
