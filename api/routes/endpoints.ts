import { z } from '@hono/zod-openapi'
import type { Endpoint } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { page } from '#contracts/problems.ts'
import { Name, Timestamp } from '#contracts/words.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { listEndpointHistory } from '#db/queries/endpoint-history.ts'
import { findEndpoint, listEndpoints } from '#db/queries/endpoints.ts'
import { deploymentUndoneBy } from '#db/queries/rollbacks.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { undo } from '../rollbacks.ts'
import { schemas } from '../schemas.ts'
import { roleOfVerb } from '../verbs.ts'

const tags = ['endpoints']
const byName = z.strictObject({ name: Name })

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints',
  tags,
  summary: 'Endpoints by name',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.Endpoint), 'Endpoints') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}',
  tags,
  summary: 'One endpoint: what it answers with, what is being prepared, and what a rollback goes back to',
  request: { params: byName },
  responses: { 200: answers(schemas.Endpoint, 'The endpoint'), ...notFound },
})

const history = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}/history',
  tags,
  summary: 'Which deployment answered when, newest first',
  description: 'Rollbacks are part of it; shares of canaries are not: each prediction names the deployment that it came from.',
  request: {
    params: byName,
    query: listing({ at: Timestamp.optional().meta({ description: 'Only the deployment that answered at this time.' }) }),
  },
  responses: { 200: answers(page(schemas.EndpointSpell), 'Spells'), ...notFound },
})

const rollback = operation(roleOfVerb.rollback, {
  method: 'post',
  path: '/api/v1/endpoints/{name}/rollback',
  tags,
  summary: 'Undo what was moved last: a canary that takes requests, else the deployment that answers',
  description: 'Name the deployment to be sure that a second asking does not undo the one before it.',
  request: { params: byName, ...jsonBody(schemas.RollbackRequest, false) },
  responses: { 200: answers(schemas.Rollback, 'What answers now'), ...notFound, ...conflict },
})

export function endpoints(app: Api, deps: AppDependencies): void {
  const { db } = deps
  app.openapi(list, async (c) => c.json(await listEndpoints(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(found(await findEndpoint(db, name), 'endpoint', name), 200)
  })
  app.openapi(history, async (c) => {
    const { name } = c.req.valid('param')
    found(await findEndpoint(db, name), 'endpoint', name)
    return c.json(await listEndpointHistory(db, name, c.req.valid('query')), 200)
  })
  app.openapi(rollback, async (c) => {
    const { name } = c.req.valid('param')
    const endpoint = found(await findEndpoint(db, name), 'endpoint', name)
    const { deploymentId, ...body } = c.req.valid('json')
    const request = await acceptRequest(c, db)
    // a repeat under the same Idempotency-Key means what it meant before
    const id = deploymentId ?? (await deploymentUndoneBy(db, name, request.id)) ?? movedLast(endpoint)
    const deployment = found(await findDeployment(db, id), 'deployment', id)
    if (deployment.endpoint !== name)
      throw new QuantloopError('conflict', `the deployment ${id} is one of endpoint ${deployment.endpoint}, not of ${name}`, { id })
    return c.json(await undo(deps, deployment, body, request), 200)
  })
}

function movedLast({ name, active, prepared, share }: Endpoint): string {
  const moved = prepared && share > 0 ? prepared : active
  if (moved) return moved.deploymentId
  throw new QuantloopError('nothing_to_roll_back', `nothing answers on endpoint ${name}`, { endpoint: name })
}
