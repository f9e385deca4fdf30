import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { Name } from '#contracts/words.ts'
import { findEndpoint, listEndpoints } from '#db/queries/endpoints.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['endpoints']

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints',
  tags,
  summary: 'Endpoints by name',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.Endpoint), 'Endpoints') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}',
  tags,
  summary: 'One endpoint: what it answers with, and what is being prepared',
  request: { params: z.strictObject({ name: Name }) },
  responses: { 200: answers(schemas.Endpoint, 'The endpoint'), ...notFound },
})

export function endpoints(app: Api, { db }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listEndpoints(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(found(await findEndpoint(db, name), 'endpoint', name), 200)
  })
}
