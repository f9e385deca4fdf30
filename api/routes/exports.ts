import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { exportWorkflowId } from '#contracts/ids.ts'
import type { ExportInput, ExportResult, SnapshotExport } from '#contracts/snapshots.ts'
import { Id, Name } from '#contracts/words.ts'
import { findInspectionRecord, listInspections } from '#db/queries/inspections.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { findInspection, keptStanding } from '../inspections.ts'
import { answers, jsonBody, listing, notFound, operation } from '../operation.ts'
import { startOnce } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { snapshotFor } from '../snapshot-for.ts'

const tags = ['snapshots']

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/exports',
  tags,
  summary: 'Exports that have ended, newest first: written, failed or stopped',
  request: { query: listing({ dataset: Name.optional() }) },
  responses: { 200: answers(page(schemas.ExportRecord), 'Exports that have ended') },
})

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/exports',
  tags,
  summary: 'Write bars of a snapshot into one CSV or Parquet file',
  description: 'The file is read by the `url` of the export once it is done.',
  request: jsonBody(schemas.ExportRequest),
  responses: { 202: answers(schemas.SnapshotExport, 'The export was accepted'), ...notFound },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/exports/{id}',
  tags,
  summary: 'How an export stands, and where its file is',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: answers(schemas.SnapshotExport, 'The export'), ...notFound },
})

export function exports(app: Api, deps: AppDependencies): void {
  const { db, temporal, objects } = deps

  const keptExport = async (id: string) => {
    const row = await findInspectionRecord(db, 'export', id)
    if (row === undefined) return undefined
    if (row.result === null) return { ...keptStanding(row), result: null }
    const { object, rows, symbols, lacks } = row.result
    return { ...keptStanding(row), result: { object, rows, symbols, lacks } }
  }

  const exportOf = async (id: string): Promise<SnapshotExport> => {
    const { startedAt, state, failure, result } = found(
      (await findInspection<ExportInput, ExportResult>(temporal, exportWorkflowId(id))) ?? (await keptExport(id)),
      'export',
      id,
    )
    return {
      id,
      startedAt,
      state,
      failure,
      result: result === null ? null : { ...result, url: await objects.presignDownload(result.object) },
    }
  }

  app.openapi(list, async (c) => c.json(await listInspections(db, 'export', c.req.valid('query')), 200))

  app.openapi(create, async (c) => {
    const { dataset, snapshot, ...cut } = c.req.valid('json')
    const request = await acceptRequest(c, db)
    const input: ExportInput = {
      exportId: request.id,
      dataset,
      snapshotId: await snapshotFor(db, { dataset, snapshotId: snapshot }),
      ...cut,
      by: request.origin.by,
    }
    await startOnce(temporal, { type: 'exportSnapshot', workflowId: exportWorkflowId(request.id), input, request })
    return c.json(await exportOf(request.id), 202)
  })

  app.openapi(get, async (c) => c.json(await exportOf(c.req.valid('param').id), 200))
}
