import { QuantloopError } from '#contracts/errors.ts'
import { FeatureJoin, type FeatureJoinInput, type FeatureJoinResult } from '#contracts/feature-joins.ts'
import { featureJoinWorkflowId } from '#contracts/ids.ts'
import { builtFeatures } from '../built-features.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { acceptRequest } from '../idempotency.ts'
import { resultOf } from '../inspections.ts'
import { answers, conflict, jsonBody, notFound, operation } from '../operation.ts'
import { startOnce } from '../runs.ts'
import { schemas } from '../schemas.ts'

const joinedMs = 60_000

const join = operation('operator', {
  method: 'post',
  path: '/api/v1/feature-joins',
  tags: ['feature-builds'],
  summary: 'The feature rows that were known at given times',
  description:
    'For each symbol and time, the row of the latest session of which everything that its values were computed from was known by then. Ask by `build` for one of what was known at a time, and with `knownBy` for nothing that became known later.',
  request: jsonBody(schemas.FeatureJoinRequest),
  responses: { 200: answers(schemas.FeatureJoin, 'One row a point, in their order'), ...notFound, ...conflict },
})

export function featureJoins(app: Api, deps: AppDependencies): void {
  const { db, temporal, objects } = deps

  app.openapi(join, async (c) => {
    const { points, knownBy, ...wanted } = c.req.valid('json')
    const build = await builtFeatures(db, wanted)
    const request = await acceptRequest(c, db)
    const input: FeatureJoinInput = { joinId: request.id, buildId: build.id, points, ...(knownBy === undefined ? {} : { knownBy }) }
    const workflowId = featureJoinWorkflowId(request.id)
    await startOnce(temporal, { type: 'joinFeatures', workflowId, input, request })
    const { joined } = await resultOf<FeatureJoinResult>(temporal, workflowId, joinedMs)
    const read = FeatureJoin.safeParse(JSON.parse(new TextDecoder().decode(await objects.get(joined))))
    if (!read.success) throw new QuantloopError('object_corrupt', `${joined.uri} is no join: ask again`, { object: joined.uri })
    return c.json(read.data, 200)
  })
}
