import { z } from '@hono/zod-openapi'
import { DeploymentState, type Deployment, type DeployModelInput } from '#contracts/deployments.ts'
import { deploymentWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Id, Name } from '#contracts/words.ts'
import { findDeployment, listDeployments } from '#db/queries/deployments.ts'
import { findModelVersion } from '#db/queries/models.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findRunningById, startOnce, type UnwrittenRun } from '../runs.ts'
import { undo } from '../rollbacks.ts'
import { schemas } from '../schemas.ts'
import { obey, roleOfVerb } from '../verbs.ts'

const tags = ['deployments']
const byId = z.strictObject({ id: Id })

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/deployments',
  tags,
  summary: 'Put a model version behind an endpoint',
  description: 'The version must be approved. A first deployment makes the endpoint.',
  request: jsonBody(schemas.DeployRequest),
  responses: { 202: answers(schemas.Deployment, 'The deployment was accepted'), ...notFound },
})

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/deployments',
  tags,
  summary: 'Deployments, newest first',
  request: { query: listing({ endpoint: Name.optional(), state: DeploymentState.optional() }) },
  responses: { 200: answers(page(schemas.Deployment), 'Deployments') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/deployments/{id}',
  tags,
  summary: 'One deployment',
  request: { params: byId },
  responses: { 200: answers(schemas.Deployment, 'The deployment'), ...notFound },
})

const verbs = ['pause', 'resume', 'stop', 'approve', 'reject', 'promote'] as const
const verb = (name: (typeof verbs)[number]) =>
  operation(roleOfVerb[name], {
    method: 'post',
    path: `/api/v1/deployments/{id}/${name}`,
    tags,
    summary: `${name} a deployment`,
    request: { params: byId, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.RunState, 'How the deployment stands'), ...notFound, ...conflict },
  })

const rollback = operation(roleOfVerb.rollback, {
  method: 'post',
  path: '/api/v1/deployments/{id}/rollback',
  tags,
  summary: 'Undo a deployment: what answered before it answers again',
  description: 'Answers when it is done. Asked again, it answers what the first rollback came to.',
  request: { params: byId, ...jsonBody(schemas.CommandBody, false) },
  responses: { 200: answers(schemas.Rollback, 'What answers now'), ...notFound, ...conflict },
})

export function deployments(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps

  app.openapi(create, async (c) => {
    const { endpoint, model, plan } = c.req.valid('json')
    found(await findModelVersion(db, model.name, model.version), 'model version', `${model.name}@${model.version}`)
    const request = await acceptRequest(c, db)
    const known = await findDeployment(db, request.id)
    if (known) return c.json(known, 202)
    const input: DeployModelInput = { deploymentId: request.id, endpoint, model, plan, origin: request.origin }
    await startOnce(temporal, { type: 'deployModel', workflowId: deploymentWorkflowId(endpoint, request.id), input, request })
    return c.json((await findDeployment(db, request.id)) ?? acceptedDeployment(input, deps.clock().toISOString()), 202)
  })

  app.openapi(list, async (c) => c.json(await listDeployments(db, c.req.valid('query')), 200))

  const unwritten = (id: string) => findRunningById<DeployModelInput>(temporal, 'deployModel', id)
  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    const row = await findDeployment(db, id)
    if (row) return c.json(row, 200)
    const run = found(await unwritten(id), 'deployment', id)
    return c.json(acceptedDeployment(run.input, run.startedAt, run.state), 200)
  })

  for (const name of verbs)
    app.openapi(verb(name), async (c) => {
      const { id } = c.req.valid('param')
      const row = await findDeployment(db, id)
      const workflowId = row ? deploymentWorkflowId(row.endpoint, id) : found(await unwritten(id), 'deployment', id).workflowId
      return c.json(await obey(deps, { kind: 'deployment', id, workflowId }, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
    })

  app.openapi(rollback, async (c) => {
    const { id } = c.req.valid('param')
    const row = found(await findDeployment(db, id), 'deployment', id)
    return c.json(await undo(deps, row, c.req.valid('json'), await acceptRequest(c, db)), 200)
  })
}

const acceptedDeployment = (input: DeployModelInput, startedAt: string, state: UnwrittenRun<unknown>['state'] = 'running'): Deployment => ({
  id: input.deploymentId,
  endpoint: input.endpoint,
  model: input.model,
  strategy: input.plan.strategy,
  plan: input.plan,
  state,
  step: 'start',
  revision: null,
  predecessorId: null,
  gates: [],
  failure: null,
  requestedBy: input.origin.by,
  startedAt,
  endedAt: null,
})
