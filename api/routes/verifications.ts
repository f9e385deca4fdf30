import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { verifyWorkflowId } from '#contracts/ids.ts'
import type { Verification, VerifyInput, VerifyResult } from '#contracts/snapshots.ts'
import { Id, Name } from '#contracts/words.ts'
import { findInspectionRecord, listInspections } from '#db/queries/inspections.ts'
import { findDataset } from '#db/queries/datasets.ts'
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
  path: '/api/v1/verifications',
  tags,
  summary: 'Verifications that have ended, newest first: made, failed or stopped',
  request: { query: listing({ dataset: Name.optional() }) },
  responses: { 200: answers(page(schemas.VerificationRecord), 'Verifications that have ended') },
})

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/verifications',
  tags,
  summary: 'Read and hash everything of one or all snapshots again',
  description:
    'With `repair`, what is damaged is put back from the second copy where that is sound, and what the second copy lacks is copied to it.',
  request: jsonBody(schemas.VerifyRequest),
  responses: { 202: answers(schemas.Verification, 'The verification was accepted'), ...notFound },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/verifications/{id}',
  tags,
  summary: 'How a verification stands, and what it found',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: answers(schemas.Verification, 'The verification'), ...notFound },
})

export function verifications(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps

  const keptVerification = async (id: string) => {
    const row = await findInspectionRecord(db, 'verification', id)
    return row && { ...keptStanding(row), result: row.result }
  }

  const verificationOf = async (id: string): Promise<Verification> => {
    const { startedAt, state, failure, result } = found(
      (await findInspection<VerifyInput, VerifyResult>(temporal, verifyWorkflowId(id))) ?? (await keptVerification(id)),
      'verification',
      id,
    )
    return { id, startedAt, state, failure, result }
  }

  app.openapi(list, async (c) => c.json(await listInspections(db, 'verification', c.req.valid('query')), 200))

  app.openapi(create, async (c) => {
    const { dataset, snapshot, repair } = c.req.valid('json')
    const request = await acceptRequest(c, db)
    if (dataset !== undefined) found(await findDataset(db, dataset), 'dataset', dataset)
    const input: VerifyInput = {
      verificationId: request.id,
      ...(dataset === undefined ? {} : { dataset }),
      ...(dataset === undefined || snapshot === undefined ? {} : { snapshotId: await snapshotFor(db, { dataset, snapshotId: snapshot }) }),
      repair,
      by: request.origin.by,
    }
    await startOnce(temporal, { type: 'verifySnapshots', workflowId: verifyWorkflowId(request.id), input, request })
    return c.json(await verificationOf(request.id), 202)
  })

  app.openapi(get, async (c) => c.json(await verificationOf(c.req.valid('param').id), 200))
}
