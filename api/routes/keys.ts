import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { Id } from '#contracts/words.ts'
import { createApiKey } from '#db/commands/identity/create-api-key.ts'
import { revokeApiKey } from '#db/commands/identity/revoke-api-key.ts'
import { findKey, listKeys } from '#db/queries/keys.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['keys']

const list = operation('admin', {
  method: 'get',
  path: '/api/v1/keys',
  tags,
  summary: 'API keys, newest first, without their secrets',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.ApiKey), 'API keys') },
})

const create = operation('admin', {
  method: 'post',
  path: '/api/v1/keys',
  tags,
  summary: 'Make an API key',
  description: 'The answer shows the key for the only time; we keep its hash.',
  request: { body: jsonBody(schemas.CreateKeyRequest).body },
  responses: { 201: answers(schemas.CreatedApiKey, 'The key') },
})

const revoke = operation('admin', {
  method: 'delete',
  path: '/api/v1/keys/{id}',
  tags,
  summary: 'Revoke an API key for good',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: answers(schemas.ApiKey, 'The revoked key'), ...notFound, ...conflict },
})

export function keys(app: Api, { db }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listKeys(db, c.req.valid('query')), 200))
  app.openapi(create, async (c) => c.json(await createApiKey(db, { ...c.req.valid('json'), by: c.get('caller').name }), 201))
  app.openapi(revoke, async (c) => {
    const { id } = c.req.valid('param')
    await revokeApiKey(db, { id, by: c.get('caller').name })
    return c.json(found(await findKey(db, id), 'API key', id), 200)
  })
}
