import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { Sha256 } from '#contracts/references.ts'
import { Name } from '#contracts/words.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { findStandingBuild, listStandingBuilds } from '#db/queries/standing-builds.ts'
import { definitionHash } from '#domain/features/definitions.ts'
import { referenceOf } from '#domain/features/feature-sets.ts'
import { apply } from '../apply.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { assertUniverse } from '../known-universe.ts'
import { answers, idempotencyHeaders, jsonBody, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'
import { snapshotFor } from '../snapshot-for.ts'

const tags = ['datasets']
const path = '/api/v1/datasets/{name}/standing-builds'
const byName = z.strictObject({ name: Name })
const byId = z.strictObject({ name: Name, id: Sha256 })

const list = operation('viewer', {
  method: 'get',
  path,
  tags,
  summary: 'Feature sets that follow a dataset',
  request: { params: byName, query: listing({}) },
  responses: { 200: answers(page(schemas.StandingBuild), 'Standing builds'), ...notFound },
})

const follow = operation('operator', {
  method: 'post',
  path,
  tags,
  summary: 'Build a feature set by itself whenever a snapshot lands',
  description: 'From the next landing on. The same features, label and universe follow a dataset once.',
  request: { params: byName, ...jsonBody(schemas.StandingBuildRequest) },
  responses: { 201: answers(schemas.StandingBuild, 'The standing build'), ...notFound },
})

const unfollow = operation('operator', {
  method: 'delete',
  path: `${path}/{id}`,
  tags,
  summary: 'Follow a dataset no more; builds that were started go on',
  request: { params: byId, headers: idempotencyHeaders },
  responses: { 200: answers(schemas.StandingBuild, 'The standing build as it was'), ...notFound },
})

export function standingBuilds(app: Api, deps: AppDependencies): void {
  const { db } = deps
  const datasetOf = async (name: string) => found(await findDataset(db, name), 'dataset', name).name

  app.openapi(list, async (c) => {
    const dataset = await datasetOf(c.req.valid('param').name)
    return c.json(await listStandingBuilds(db, { dataset, ...c.req.valid('query') }), 200)
  })

  app.openapi(follow, async (c) => {
    const { features, label, universe } = c.req.valid('json')
    const dataset = await datasetOf(c.req.valid('param').name)
    if (universe !== undefined) await assertUniverse(deps, { dataset, snapshotId: await snapshotFor(db, { dataset }) }, universe)
    const set = await resolveSet(db, features, label, { dataset, universe })
    const definition = definitionHash(set, label)
    const following = {
      dataset,
      definitionHash: definition,
      featureSet: referenceOf(set),
      label,
      ...(universe === undefined ? {} : { universe }),
    }
    await apply(deps, { verb: 'follow-dataset', ...following }, {}, await acceptRequest(c, db))
    return c.json(found(await findStandingBuild(db, dataset, definition), 'standing build', definition), 201)
  })

  app.openapi(unfollow, async (c) => {
    const { name, id } = c.req.valid('param')
    const standing = found(await findStandingBuild(db, name, id), 'standing build', id)
    await apply(deps, { verb: 'unfollow-dataset', dataset: name, definitionHash: id }, {}, await acceptRequest(c, db))
    return c.json(standing, 200)
  })
}
