import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { Name } from '#contracts/words.ts'
import { featureSets as known, knownFeatureSet } from '#domain/features/feature-sets.ts'
import type { Api } from '../dependencies.ts'
import { answers, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['feature-sets']

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-sets',
  tags,
  summary: 'Feature sets: named, versioned lists of expressions',
  request: { query: z.strictObject({}) },
  responses: { 200: answers(page(schemas.FeatureSet), 'All feature sets, on one page') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-sets/{name}',
  tags,
  summary: 'One feature set, with its expressions',
  request: { params: z.strictObject({ name: Name }) },
  responses: { 200: answers(schemas.FeatureSet, 'The feature set'), ...notFound },
})

export function featureSets(app: Api): void {
  app.openapi(list, (c) => c.json({ items: known, nextCursor: null }, 200))
  app.openapi(get, (c) => c.json(knownFeatureSet(c.req.valid('param').name), 200))
}
