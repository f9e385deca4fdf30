import { z } from '@hono/zod-openapi'
import type { BuildInput, FeatureBuild } from '#contracts/features.ts'
import { featuresWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import { Sha256 } from '#contracts/references.ts'
import { Name } from '#contracts/words.ts'
import { describeSet, findFeatureBuild, listFeatureBuilds } from '#db/queries/feature-builds.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { servesOnline } from '#db/queries/online-features.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import { knownSnapshotFor } from '../known-snapshot.ts'
import { assertUniverse } from '../known-universe.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findRunningById, startUnlessRunning, type UnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { obey, roleOfVerb } from '../verbs.ts'

const tags = ['feature-builds']
const byId = z.strictObject({ id: Sha256 })

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/feature-builds',
  tags,
  summary: 'Compute a feature set and a label over a snapshot',
  description: 'A build is named by what it reads and computes: asking for the same again joins it, or finds it ready.',
  request: jsonBody(schemas.BuildRequest),
  responses: { 202: answers(schemas.FeatureBuild, 'The build was accepted, or is there already'), ...notFound, ...conflict },
})

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-builds',
  tags,
  summary: 'Feature builds, newest first',
  request: { query: listing({ dataset: Name.optional() }) },
  responses: { 200: answers(page(schemas.FeatureBuild), 'Feature builds') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/feature-builds/{id}',
  tags,
  summary: 'One feature build',
  request: { params: byId },
  responses: { 200: answers(schemas.FeatureBuild, 'The feature build'), ...notFound },
})

const verbs = ['pause', 'resume', 'stop'] as const
const verb = (name: (typeof verbs)[number]) =>
  operation(roleOfVerb[name], {
    method: 'post',
    path: `/api/v1/feature-builds/{id}/${name}`,
    tags,
    summary: `${name} a build`,
    request: { params: byId, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.RunState, 'How the build stands'), ...notFound, ...conflict },
  })

export function featureBuilds(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps

  /** Ready, and of the head also online: a build is shared by datasets of equal content. */
  const isDone = async ({ state, featureHash, snapshotId, asOf }: FeatureBuild, dataset: string) =>
    state === 'ready' && featureHash !== null && (asOf !== null || (await servesOnline(db, { dataset, featureHash }, snapshotId)))

  app.openapi(create, async (c) => {
    const body = c.req.valid('json')
    const { dataset, universe } = body
    const { snapshotId, asOf } = await knownSnapshotFor(deps, body)
    await assertUniverse(deps, { dataset, snapshotId }, universe)
    const featureSet = await resolveSet(db, body.features, body.label, { dataset, snapshotId, universe })
    const definition = definitionHash(featureSet, body.label)
    const buildId = buildIdOf(definition, snapshotId, asOf)
    const request = await acceptRequest(c, db)
    const ready = await findFeatureBuild(db, buildId)
    if (ready !== undefined && (await isDone(ready, dataset))) return c.json(ready, 202)
    const input: BuildInput = {
      buildId,
      definitionHash: definition,
      snapshotId,
      ...(asOf === undefined ? {} : { asOf }),
      dataset,
      featureSet,
      label: body.label,
      origin: request.origin,
    }
    const workflowId = featuresWorkflowId(definition, snapshotId, asOf)
    const hasEnded = async () => typeof (await findFeatureBuild(db, buildId))?.endedAt === 'string'
    await startUnlessRunning(temporal, { type: 'buildFeatures', workflowId, input, request: { ...request, id: buildId } }, hasEnded)
    return c.json((await findFeatureBuild(db, buildId)) ?? acceptedBuild(input, deps.clock().toISOString()), 202)
  })

  app.openapi(list, async (c) => c.json(await listFeatureBuilds(db, c.req.valid('query')), 200))

  const unwritten = (id: string) => findRunningById<BuildInput>(temporal, 'buildFeatures', id)
  app.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    const row = await findFeatureBuild(db, id)
    if (row) return c.json(row, 200)
    const run = found(await unwritten(id), 'feature build', id)
    return c.json(acceptedBuild(run.input, run.startedAt, run.state), 200)
  })

  for (const name of verbs)
    app.openapi(verb(name), async (c) => {
      const { id } = c.req.valid('param')
      const row = await findFeatureBuild(db, id)
      const workflowId = row
        ? featuresWorkflowId(row.definitionHash, row.snapshotId, row.asOf)
        : found(await unwritten(id), 'feature build', id).workflowId
      return c.json(await obey(deps, { kind: 'feature-build', id, workflowId }, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
    })
}

const acceptedBuild = (input: BuildInput, startedAt: string, state: UnwrittenRun<unknown>['state'] = 'running'): FeatureBuild => ({
  id: input.buildId,
  definitionHash: input.definitionHash,
  snapshotId: input.snapshotId,
  asOf: input.asOf ?? null,
  dataset: input.dataset,
  featureSet: describeSet(input.featureSet),
  label: input.label,
  state,
  step: 'start',
  shards: null,
  rows: null,
  columns: null,
  seconds: null,
  cacheHitRatio: null,
  manifest: null,
  featureHash: null,
  failure: null,
  requestedBy: input.origin.by,
  startedAt,
  endedAt: null,
})
