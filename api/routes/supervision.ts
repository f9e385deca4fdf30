import { z } from '@hono/zod-openapi'
import type { Endpoint } from '#contracts/deployments.ts'
import { superviseWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Forecaster, type SuperviseInput, type Supervision } from '#contracts/supervision.ts'
import { Name, Session } from '#contracts/words.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { listRetrains } from '#db/queries/retrains.ts'
import { listSessionScores } from '#db/queries/session-scores.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findUnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { acceptedSupervision, retrainNow, supervise } from '../supervise.ts'
import { obey, roleOfVerb } from '../verbs.ts'

const tags = ['supervision']
const byName = z.strictObject({ name: Name })

const put = operation('operator', {
  method: 'put',
  path: '/api/v1/endpoints/{name}/supervision',
  tags,
  summary: 'Have an endpoint watched, and its model retrained by a policy',
  description: 'Starts the standing supervisor of the endpoint, or gives the running one this policy.',
  request: { params: byName, ...jsonBody(schemas.SuperviseRequest) },
  responses: { 202: answers(schemas.Supervision, 'The supervision was accepted'), ...notFound, ...conflict },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}/supervision',
  tags,
  summary: 'How an endpoint is supervised: policy, champion, and how far it has seen',
  request: { params: byName },
  responses: { 200: answers(schemas.Supervision, 'The supervision'), ...notFound },
})

const verbs = ['pause', 'resume', 'stop'] as const
const verb = (name: (typeof verbs)[number]) =>
  operation(roleOfVerb[name], {
    method: 'post',
    path: `/api/v1/endpoints/{name}/supervision/${name}`,
    tags,
    summary: `${name} the supervision of an endpoint`,
    ...(name === 'pause' && { description: 'Paused, it starts nothing; labels, monitors and alerts go on.' }),
    request: { params: byName, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.RunState, 'How the supervision stands'), ...notFound, ...conflict },
  })

const retrain = operation('operator', {
  method: 'post',
  path: '/api/v1/endpoints/{name}/supervision/retrain',
  tags,
  summary: 'Train a challenger now',
  description: 'One retrain runs at a time on an endpoint: asking while one does answers that one.',
  request: { params: byName, ...jsonBody(schemas.CommandBody, false) },
  responses: { 202: answers(schemas.RetrainStarted, 'The retrain, and its training run'), ...notFound, ...conflict },
})

const scores = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}/scores',
  tags,
  summary: 'Errors of each forecaster, session by session',
  request: {
    params: byName,
    query: listing({
      forecaster: Forecaster.optional().meta({ description: '`name@version`, or `persistence/name@version`' }),
      from: Session.optional(),
      to: Session.optional(),
    }),
  },
  responses: { 200: answers(page(schemas.SessionScore), 'Scores'), ...notFound },
})

const retrains = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}/retrains',
  tags,
  summary: 'Challengers of an endpoint, newest first, each with its verdict and evidence',
  request: { params: byName, query: listing({}) },
  responses: { 200: answers(page(schemas.Retrain), 'Retrains'), ...notFound },
})

export function supervision(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps
  const endpointOf = async (name: string): Promise<Endpoint> => found(await findEndpoint(db, name), 'endpoint', name)

  const supervisionOf = async (name: string): Promise<Supervision> => {
    const row = await findSupervision(db, name)
    if (row) return row
    const run = await findUnwrittenRun<SuperviseInput>(temporal, superviseWorkflowId(name))
    const { input, by, startedAt } = found(run, 'supervision of endpoint', name)
    return acceptedSupervision(await endpointOf(name), input.policy, by, startedAt)
  }

  app.openapi(put, async (c) => {
    const { name } = c.req.valid('param')
    const { policy } = c.req.valid('json')
    const accepted = acceptedSupervision(await endpointOf(name), policy, c.get('caller').name, deps.clock().toISOString())
    await supervise(deps, name, policy, await acceptRequest(c, db))
    const row = await findSupervision(db, name)
    // the row of a supervision that has ended is the one before; a running one takes the policy over in a moment
    return c.json(row === undefined || row.endedAt !== null ? accepted : { ...row, policy }, 202)
  })

  app.openapi(get, async (c) => c.json(await supervisionOf(c.req.valid('param').name), 200))

  for (const name of verbs)
    app.openapi(verb(name), async (c) => {
      const { endpoint } = await supervisionOf(c.req.valid('param').name)
      const target = { kind: 'supervision', id: endpoint, workflowId: superviseWorkflowId(endpoint) } as const
      return c.json(await obey(deps, target, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
    })

  app.openapi(retrain, async (c) => {
    const { name } = await endpointOf(c.req.valid('param').name)
    return c.json(await retrainNow(deps, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
  })

  app.openapi(scores, async (c) => {
    const { name } = await endpointOf(c.req.valid('param').name)
    return c.json(await listSessionScores(db, { ...c.req.valid('query'), endpoint: name }), 200)
  })

  app.openapi(retrains, async (c) => {
    const { name } = await endpointOf(c.req.valid('param').name)
    return c.json(await listRetrains(db, { ...c.req.valid('query'), endpoint: name }), 200)
  })
}
