import { z } from '@hono/zod-openapi'
import type { FeatureExport, FeatureExportInput, FeatureExportResult } from '#contracts/feature-exports.ts'
import { featureExportWorkflowId } from '#contracts/ids.ts'
import { Id } from '#contracts/words.ts'
import { builtFeatures } from '../built-features.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { findInspection } from '../inspections.ts'
import { answers, conflict, jsonBody, notFound, operation } from '../operation.ts'
import { startOnce } from '../runs.ts'
import { schemas } from '../schemas.ts'

const tags = ['feature-builds']

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/feature-exports',
  tags,
  summary: 'Write the rows of a feature build into one Parquet file',
  description: 'Columns: symbol, session, and each feature under its name. The file is read by the `url` of the export once it is done.',
  request: jsonBody(schemas.FeatureExportRequest),
  responses: { 202: answers(schemas.FeatureExport, 'The export was accepted'), ...notFound, ...conflict },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-exports/{id}',
  tags,
  summary: 'How an export of features stands, and where its file is',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: answers(schemas.FeatureExport, 'The export'), ...notFound },
})

export function featureExports(app: Api, deps: AppDependencies): void {
  const { db, temporal, objects } = deps

  const exportOf = async (id: string): Promise<FeatureExport> => {
    const inspected = await findInspection<FeatureExportInput, FeatureExportResult>(temporal, featureExportWorkflowId(id))
    const { input: _, result, ...standing } = found(inspected, 'feature export', id)
    return { id, ...standing, result: result === null ? null : { ...result, url: await objects.presignDownload(result.object) } }
  }

  app.openapi(create, async (c) => {
    const build = await builtFeatures(db, c.req.valid('json'))
    const request = await acceptRequest(c, db)
    const input: FeatureExportInput = { exportId: request.id, buildId: build.id }
    await startOnce(temporal, { type: 'exportFeatures', workflowId: featureExportWorkflowId(request.id), input, request })
    return c.json(await exportOf(request.id), 202)
  })

  app.openapi(get, async (c) => c.json(await exportOf(c.req.valid('param').id), 200))
}
