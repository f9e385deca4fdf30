import { z } from '@hono/zod-openapi'
import { Sha256 } from '#contracts/references.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { checkVersion } from '#domain/trust/check-version.ts'
import { apply } from '../apply.ts'
import { builtFeatures } from '../built-features.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { makeCheck, readCheck } from '../feature-checks.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, notFound, operation } from '../operation.ts'
import { reportPage } from '../report-page.ts'
import { schemas } from '../schemas.ts'

const tags = ['feature-builds']
const byId = z.strictObject({ id: Sha256 })

const check = operation('operator', {
  method: 'post',
  path: '/api/v1/feature-checks',
  tags,
  summary: 'Check whether the features of a build can be trusted',
  description:
    'Looks for values whose past changes when later bars are cut off, for features that know the label, and at how much history each needs. Answered from what is kept when the same was asked before.',
  request: jsonBody(schemas.CheckRequest),
  responses: { 200: answers(schemas.FeatureCheck, 'The check'), ...notFound, ...conflict },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-builds/{id}/check',
  tags,
  summary: 'The newest check of a build',
  request: { params: byId },
  responses: { 200: answers(schemas.FeatureCheck, 'The check'), ...notFound },
})

const report = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-builds/{id}/check/report',
  tags,
  summary: 'The newest check of a build, as one self-contained HTML page',
  request: { params: byId },
  responses: { 200: { description: 'The page', content: { 'text/html': { schema: z.string() } } }, ...notFound },
})

const approve = operation('approver', {
  method: 'post',
  path: '/api/v1/feature-builds/{id}/check/approve',
  tags,
  summary: 'Say that what a check suspects is meant: its features may be trained on',
  description: 'A feature that looks ahead cannot be accepted.',
  request: { params: byId, ...jsonBody(schemas.ApproveCheckRequest) },
  responses: { 200: answers(schemas.FeatureCheck, 'The check, accepted'), ...notFound, ...conflict },
})

export function featureChecks(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps

  app.openapi(check, async (c) => {
    const { seed, before, ...wanted } = c.req.valid('json')
    const build = await builtFeatures(db, wanted)
    await makeCheck(temporal, { buildId: build.id, seed, ...(before === undefined ? {} : { before }) }, build.dataset)
    return c.json(await readCheck(deps, build.id), 200)
  })

  const buildOf = async (id: string) => found(await findFeatureBuild(db, id), 'feature build', id)

  app.openapi(get, async (c) => c.json(await readCheck(deps, (await buildOf(c.req.valid('param').id)).id), 200))

  app.openapi(report, async (c) => {
    const build = await buildOf(c.req.valid('param').id)
    const kept = await readCheck(deps, build.id)
    // the drawing library takes a second to load, which the API need not spend before it is asked
    const { featureCheckReport } = await import('#reports/feature-check-report.ts')
    return reportPage(c, featureCheckReport({ dataset: build.dataset, check: kept }))
  })

  app.openapi(approve, async (c) => {
    const { reason } = c.req.valid('json')
    const { id: buildId } = await buildOf(c.req.valid('param').id)
    await apply(deps, { verb: 'accept-feature-check', buildId, engineVersion: checkVersion, reason }, {}, await acceptRequest(c, db))
    return c.json(await readCheck(deps, buildId), 200)
  })
}
