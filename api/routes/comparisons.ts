import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { compareWorkflowId } from '#contracts/ids.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { Comparison, type CompareInput } from '#contracts/snapshots.ts'
import { Id, Name } from '#contracts/words.ts'
import { findInspectionRecord, listInspections } from '#db/queries/inspections.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { keptStanding, resultOf } from '../inspections.ts'
import { answers, jsonBody, listing, notFound, operation } from '../operation.ts'
import { reportPage } from '../report-page.ts'
import { startOnce } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { snapshotFor } from '../snapshot-for.ts'

const tags = ['snapshots']

/** What has changed is read, which is seconds even when it is everything. */
const comparedMs = 120_000

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/comparisons',
  tags,
  summary: 'Comparisons that have ended, newest first: made, failed or stopped',
  request: { query: listing({ dataset: Name.optional() }) },
  responses: { 200: answers(page(schemas.ComparisonRecord), 'Comparisons that have ended') },
})

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/comparisons',
  tags,
  summary: 'What two snapshots of a dataset say differently',
  description: 'Chunks that both list are not read. Counts are of all changes; single bars are listed up to a limit.',
  request: jsonBody(schemas.CompareRequest),
  responses: { 200: answers(schemas.Comparison, 'The comparison'), ...notFound },
})

const report = operation('viewer', {
  method: 'get',
  path: '/api/v1/comparisons/{id}/report',
  tags,
  summary: 'A comparison as a picture: one self-contained HTML page',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: { description: 'The page', content: { 'text/html': { schema: z.string() } } }, ...notFound },
})

export function comparisons(app: Api, deps: AppDependencies): void {
  const { db, temporal, objects } = deps

  app.openapi(list, async (c) => c.json(await listInspections(db, 'comparison', c.req.valid('query')), 200))

  app.openapi(create, async (c) => {
    const { dataset, before, after } = c.req.valid('json')
    const request = await acceptRequest(c, db)
    const input: CompareInput = {
      comparisonId: request.id,
      before: { dataset, snapshotId: await snapshotFor(db, { dataset, snapshotId: before }) },
      after: { dataset, snapshotId: await snapshotFor(db, { dataset, snapshotId: after }) },
      by: request.origin.by,
    }
    const workflowId = compareWorkflowId(request.id)
    await startOnce(temporal, { type: 'compareSnapshots', workflowId, input, request })
    const ref = await resultOf<ObjectRef>(temporal, workflowId, comparedMs)
    return c.json({ id: request.id, ...(await readComparison(objects, ref)) }, 200)
  })

  app.openapi(report, async (c) => {
    const { id } = c.req.valid('param')
    const row = found(await findInspectionRecord(db, 'comparison', id), 'comparison', id)
    if (row.result === null)
      throw new QuantloopError('not_found', `comparison ${id} found nothing (${keptStanding(row).failure}): compare again`, {
        comparison: id,
      })
    const comparison = await readComparison(objects, row.result.object)
    // the drawing library takes a second to load, which the API need not spend before it is asked
    const { comparisonReport } = await import('#reports/comparison-report.ts')
    return reportPage(c, comparisonReport(comparison))
  })
}

async function readComparison(objects: AppDependencies['objects'], ref: ObjectRef): Promise<Comparison> {
  const bytes = await objects.get(ref)
  try {
    return Comparison.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new QuantloopError('object_corrupt', `${ref.uri} is no comparison: compare again`, { object: ref.uri }, { cause })
  }
}
