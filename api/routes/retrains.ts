import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { Id, Name } from '#contracts/words.ts'
import { findRetrain, listRetrains } from '#db/queries/retrains.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['supervision']

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/retrains',
  tags,
  summary: 'Challengers, newest first',
  request: { query: listing({ endpoint: Name.optional() }) },
  responses: { 200: answers(page(schemas.Retrain), 'Retrains') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/retrains/{id}',
  tags,
  summary: 'One challenger, from the alarm to its promotion or refusal',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: answers(schemas.Retrain, 'The retrain'), ...notFound },
})

export function retrains(app: Api, { db }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listRetrains(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(found(await findRetrain(db, id), 'retrain', id), 200)
  })
}
