import { z } from '@hono/zod-openapi'
import type { Trace, TraceInput } from '#contracts/predictions.ts'
import { traceWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Id, Name } from '#contracts/words.ts'
import { findPrediction, listPredictions } from '#db/queries/predictions.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, idempotencyHeaders, listing, notFound, operation } from '../operation.ts'
import { startOnce } from '../runs.ts'
import { schemas } from '../schemas.ts'

const tags = ['predictions']
const byId = z.strictObject({ id: Id })

/** A trace reads and hashes every object from the prediction to its bars: seconds, not minutes. */
const traceMs = 120_000

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/predictions',
  tags,
  summary: 'Logged predictions, newest first',
  request: { query: listing({ endpoint: Name.optional() }) },
  responses: { 200: answers(page(schemas.Prediction), 'Predictions') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/predictions/{id}',
  tags,
  summary: 'One logged prediction',
  request: { params: byId },
  responses: { 200: answers(schemas.Prediction, 'The prediction'), ...notFound },
})

const trace = operation('operator', {
  method: 'post',
  path: '/api/v1/predictions/{id}/trace',
  tags,
  summary: 'Follow a prediction back to its bars',
  description: 'Every object on the way is read and hashed again, and the prediction is computed again.',
  request: { params: byId, headers: idempotencyHeaders },
  responses: { 200: answers(schemas.Trace, 'The trace'), ...notFound },
})

export function predictions(app: Api, { db, temporal }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listPredictions(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(found(await findPrediction(db, id), 'prediction', id), 200)
  })
  app.openapi(trace, async (c) => {
    const { id } = c.req.valid('param')
    found(await findPrediction(db, id), 'prediction', id)
    const request = await acceptRequest(c, db)
    const input: TraceInput = { traceId: request.id, predictionId: id, by: request.origin.by }
    const workflowId = traceWorkflowId(request.id)
    await startOnce(temporal, { type: 'tracePrediction', workflowId, input, request })
    const result = await temporal.withDeadline(Date.now() + traceMs, () =>
      temporal.workflow.getHandle<() => Promise<Trace>>(workflowId).result(),
    )
    return c.json(result, 200)
  })
}
