import { z } from '@hono/zod-openapi'
import { Sha256 } from '#contracts/references.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { builtFeatures, FeaturesOfDataset, OfUniverse } from '../built-features.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { statisticsOf } from '../feature-statistics.ts'
import { found } from '../found.ts'
import { answers, conflict, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['feature-builds']
const once = 'They are computed when they are first asked for, which reads every column, and kept.'

const ofBuild = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-builds/{id}/statistics',
  tags,
  summary: 'How the features of a build are distributed, go with the label, and with each other',
  description: once,
  request: { params: z.strictObject({ id: Sha256 }) },
  responses: { 200: answers(schemas.FeatureStatistics, 'The statistics'), ...notFound, ...conflict },
})

const ofSet = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{dataset}/features/{features}/statistics',
  tags,
  summary: 'The same of the newest ready build of a feature set over a dataset',
  description: once,
  request: { params: FeaturesOfDataset, query: OfUniverse },
  responses: { 200: answers(schemas.FeatureStatistics, 'The statistics'), ...notFound, ...conflict },
})

export function featureStatistics(app: Api, deps: AppDependencies): void {
  app.openapi(ofBuild, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(await statisticsOf(deps, found(await findFeatureBuild(deps.db, id), 'feature build', id)), 200)
  })

  app.openapi(ofSet, async (c) =>
    c.json(await statisticsOf(deps, await builtFeatures(deps.db, { ...c.req.valid('param'), ...c.req.valid('query') })), 200),
  )
}
