import { z } from '@hono/zod-openapi'
import { listFeatures } from '#contracts/feature-sets.ts'
import { page } from '#contracts/problems.ts'
import { FeatureSetReference, Name } from '#contracts/words.ts'
import { findFeatureSetByContent, listFeatureSets, listFeatureSetVersions, readFeatureSet } from '#db/queries/feature-sets.ts'
import { compareSets } from '#domain/features/compare-sets.ts'
import { referenceOf } from '#domain/features/feature-sets.ts'
import { setContentHash } from '#domain/features/set-content.ts'
import { apply } from '../apply.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['feature-sets']

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-sets',
  tags,
  summary: 'Feature sets, the newest version of each: those of the program and of users',
  request: {
    query: listing({ search: z.string().min(1).max(200).optional().meta({ description: 'In names, descriptions and formulas.' }) }),
  },
  responses: { 200: answers(page(schemas.FeatureSet), 'Feature sets, by name') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-sets/{name}',
  tags,
  summary: 'One feature set, with its expressions',
  description: '`mine@2` is a version, `mine` the newest.',
  request: { params: z.strictObject({ name: FeatureSetReference }) },
  responses: { 200: answers(schemas.FeatureSet, 'The feature set'), ...notFound },
})

const versions = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-sets/{name}/versions',
  tags,
  summary: 'Every version of a feature set, newest first',
  request: { params: z.strictObject({ name: Name }), query: listing({}) },
  responses: { 200: answers(page(schemas.FeatureSet), 'Versions'), ...notFound },
})

const register = operation('operator', {
  method: 'post',
  path: '/api/v1/feature-sets',
  tags,
  summary: 'Register a feature set',
  description: 'Content that is new to the name becomes its next version; what a version has already is answered by that version.',
  request: jsonBody(schemas.FeatureSetFile),
  responses: { 201: answers(schemas.FeatureSet, 'The version with this content'), ...conflict },
})

const compare = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-set-comparisons',
  tags,
  summary: 'What one feature set has that another has not',
  request: { query: z.strictObject({ before: FeatureSetReference, after: FeatureSetReference }) },
  responses: { 200: answers(schemas.FeatureSetComparison, 'Features added, removed, changed and renamed'), ...notFound },
})

export function featureSets(app: Api, deps: AppDependencies): void {
  const { db } = deps

  app.openapi(list, async (c) => c.json(await listFeatureSets(db, c.req.valid('query')), 200))

  app.openapi(get, async (c) => c.json(await readFeatureSet(db, c.req.valid('param').name), 200))

  app.openapi(versions, async (c) => {
    const { name } = await readFeatureSet(db, c.req.valid('param').name)
    return c.json(await listFeatureSetVersions(db, { name, ...c.req.valid('query') }), 200)
  })

  app.openapi(register, async (c) => {
    const { name, description, limits, features: written } = c.req.valid('json')
    const features = listFeatures(written)
    const contentSha256 = setContentHash({ description, features, limits })
    const request = await acceptRequest(c, db)
    await apply(deps, { verb: 'register-feature-set', set: { name, description, limits, features, contentSha256 } }, {}, request)
    return c.json(found(await findFeatureSetByContent(db, name, contentSha256), 'feature set', name), 201)
  })

  app.openapi(compare, async (c) => {
    const { before, after } = c.req.valid('query')
    const [old, current] = [await readFeatureSet(db, before), await readFeatureSet(db, after)]
    return c.json({ before: referenceOf(old), after: referenceOf(current), ...compareSets(old.features, current.features) }, 200)
  })
}
