import { z } from '@hono/zod-openapi'
import { Stage } from '#contracts/models.ts'
import { page } from '#contracts/problems.ts'
import { Name } from '#contracts/words.ts'
import { findModel, findModelVersion, listModels, listModelVersions } from '#db/queries/models.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['models']
const byName = z.strictObject({ name: Name })
const VersionNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/, 'a version number')
  .transform(Number)
  .meta({ type: 'integer', minimum: 1, maximum: 999_999_999 })

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/models',
  tags,
  summary: 'Models by name',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.Model), 'Models') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/models/{name}',
  tags,
  summary: 'One model',
  request: { params: byName },
  responses: { 200: answers(schemas.Model, 'The model'), ...notFound },
})

const versions = operation('viewer', {
  method: 'get',
  path: '/api/v1/models/{name}/versions',
  tags,
  summary: 'Versions of a model, newest first',
  request: { params: byName, query: listing({ stage: Stage.optional() }) },
  responses: { 200: answers(page(schemas.ModelVersion), 'Model versions') },
})

const version = operation('viewer', {
  method: 'get',
  path: '/api/v1/models/{name}/versions/{version}',
  tags,
  summary: 'One model version, with its artifact and lineage',
  request: { params: z.strictObject({ name: Name, version: VersionNumber }) },
  responses: { 200: answers(schemas.ModelVersion, 'The model version'), ...notFound },
})

export function models(app: Api, { db }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listModels(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(found(await findModel(db, name), 'model', name), 200)
  })
  app.openapi(versions, async (c) => c.json(await listModelVersions(db, { ...c.req.valid('query'), name: c.req.valid('param').name }), 200))
  app.openapi(version, async (c) => {
    const { name, version: number } = c.req.valid('param')
    return c.json(found(await findModelVersion(db, name, number), 'model version', `${name}@${number}`), 200)
  })
}
