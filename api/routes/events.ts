/**
 * Live progress. One address answers twice: a WebSocket gets one JSON object a message as things happen; a plain GET
 * gets what has happened so far, a page at a time, for clients that would rather ask again.
 */
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { trainingWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Sha256 } from '#contracts/references.ts'
import { Id, Name } from '#contracts/words.ts'
import { newestBuildEvent, readBuildEvents } from '#db/queries/build-events.ts'
import { newestDeploymentEvent, readDeploymentEvents } from '#db/queries/deployment-events.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { newestEndpointEvent, readEndpointEvents } from '#db/queries/endpoint-events.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { newestTrainingEvent, readTrainingEvents } from '#db/queries/training-events.ts'
import { findTrainingRun } from '#db/queries/training-runs.ts'
import type { Api, AppDependencies, AppEnv } from '../dependencies.ts'
import { found } from '../found.ts'
import { followBySocket, type Source, wantsSocket } from '../live/follow.ts'
import { createLookout } from '../live/lookout.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { findRunningById, findUnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'

const byId = z.strictObject({ id: Id })
const byName = z.strictObject({ name: Name })

const Sequence = z
  .string()
  .regex(/^\d{1,15}$/, 'a sequence: a whole number')
  .transform(Number)
  .meta({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999, description: 'The last `sequence` that you have seen.' })

const query = listing({ after: Sequence.optional() })
const description =
  'With `Upgrade: websocket` and the same `Authorization` header, each event is one message as it happens, and the ' +
  'connection is closed with 1000 after the last event of a run that has ended, 1008 when the key is revoked, 1012 or 1013 ' +
  'when you should connect again with `after`. Without, a page of what has happened: ask again with `after`.'

const ofTraining = operation('viewer', {
  method: 'get',
  path: '/api/v1/training-runs/{id}/events',
  tags: ['training-runs'],
  summary: 'Follow a training run: its progress points and states',
  description,
  request: { params: byId, query },
  responses: { 200: answers(page(schemas.TrainingEvent), 'Events so far'), ...notFound },
})

const ofBuild = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-builds/{id}/events',
  tags: ['feature-builds'],
  summary: 'Follow a feature build: how many of its shards are there, and its states',
  description,
  request: { params: z.strictObject({ id: Sha256 }), query },
  responses: { 200: answers(page(schemas.BuildEvent), 'Events so far'), ...notFound },
})

const ofDeployment = operation('viewer', {
  method: 'get',
  path: '/api/v1/deployments/{id}/events',
  tags: ['deployments'],
  summary: 'Follow a deployment: its states and what its gates say',
  description,
  request: { params: byId, query },
  responses: { 200: answers(page(schemas.DeploymentEvent), 'Events so far'), ...notFound },
})

const ofEndpoint = operation('viewer', {
  method: 'get',
  path: '/api/v1/endpoints/{name}/events',
  tags: ['endpoints'],
  summary: 'Follow an endpoint: sessions, alerts, retrains, verdicts, deployments',
  description,
  request: { params: byName, query },
  responses: { 200: answers(page(schemas.EndpointEvent), 'Events so far'), ...notFound },
})

export function events(app: Api, { db, temporal, log }: AppDependencies): void {
  const lookout = createLookout()

  /** A page, or an open connection: the answer to an upgrade has no type of its own. */
  const answer = async <E extends { sequence: number }>(
    c: Context<AppEnv>,
    source: Source<E>,
    { after = 0, limit }: { after?: number | undefined; limit: number },
  ) => {
    if (wantsSocket(c)) return (await followBySocket(c, { lookout, log }, source, after)) as never
    const { events } = await source.read(after, limit)
    const items = events.slice(0, limit)
    const more = events.length > limit || items.length === limit
    return c.json({ items, nextCursor: more ? String(items.at(-1)!.sequence) : null }, 200)
  }

  app.openapi(ofTraining, async (c) => {
    const { id } = c.req.valid('param')
    if (!(await findTrainingRun(db, id))) found(await findUnwrittenRun(temporal, trainingWorkflowId(id)), 'training run', id)
    const source = {
      key: `training-run/${id}`,
      read: (after: number, limit: number) => readTrainingEvents(db, id, after, limit),
      newest: () => newestTrainingEvent(db, id),
    }
    return await answer(c, source, c.req.valid('query'))
  })

  app.openapi(ofBuild, async (c) => {
    const { id } = c.req.valid('param')
    if (!(await findFeatureBuild(db, id))) found(await findRunningById(temporal, 'buildFeatures', id), 'feature build', id)
    const source = {
      key: `feature-build/${id}`,
      read: (after: number) => readBuildEvents(db, id, after),
      newest: () => newestBuildEvent(db, id),
    }
    return await answer(c, source, c.req.valid('query'))
  })

  app.openapi(ofDeployment, async (c) => {
    const { id } = c.req.valid('param')
    if (!(await findDeployment(db, id))) found(await findRunningById(temporal, 'deployModel', id), 'deployment', id)
    const source = {
      key: `deployment/${id}`,
      read: (after: number, limit: number) => readDeploymentEvents(db, id, after, limit),
      newest: () => newestDeploymentEvent(db, id),
    }
    return await answer(c, source, c.req.valid('query'))
  })

  app.openapi(ofEndpoint, async (c) => {
    const { name } = c.req.valid('param')
    found(await findEndpoint(db, name), 'endpoint', name)
    const source = {
      key: `endpoint/${name}`,
      read: (after: number, limit: number) => readEndpointEvents(db, name, after, limit),
      newest: () => newestEndpointEvent(db, name),
    }
    return await answer(c, source, c.req.valid('query'))
  })
}
