import { z } from '@hono/zod-openapi'
import { trainingWorkflowId } from '#contracts/ids.ts'
import { page } from '#contracts/problems.ts'
import type { TrainRequest } from '#contracts/requests.ts'
import { type TrainingRun, TrainingState, type TrainModelInput } from '#contracts/training.ts'
import { Id, Name } from '#contracts/words.ts'
import { encodeCursor } from '#db/queries/cursor.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { findTrainingRun, listProgress, listTrainingRuns } from '#db/queries/training-runs.ts'
import { processedLabel } from '#domain/features/build-processors.ts'
import { readLabel } from '#domain/features/definitions.ts'
import { referenceOf } from '#domain/features/feature-sets.ts'
import { type KnownSnapshot, knownSnapshotFor } from '../known-snapshot.ts'
import { assertUniverse } from '../known-universe.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { type AcceptedRequest, acceptRequest } from '../idempotency.ts'
import { answers, conflict, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findUnwrittenRun, startOnce, type UnwrittenRun } from '../runs.ts'
import { schemas } from '../schemas.ts'
import { obey, roleOfVerb, Verb } from '../verbs.ts'

const tags = ['training-runs']
const byId = z.strictObject({ id: Id })

const StepNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'a step: a whole number')
  .transform(Number)
  .meta({ type: 'integer', minimum: 0, maximum: 999_999_999 })

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/training-runs',
  tags,
  summary: 'Train a model: build features, fit, evaluate, check, and wait for approval',
  request: jsonBody(schemas.TrainRequest),
  responses: { 202: answers(schemas.TrainingRun, 'The run was accepted'), ...notFound },
})

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/training-runs',
  tags,
  summary: 'Training runs, newest first',
  request: { query: listing({ model: Name.optional(), state: TrainingState.optional() }) },
  responses: { 200: answers(page(schemas.TrainingRun), 'Training runs') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/training-runs/{id}',
  tags,
  summary: 'One training run',
  request: { params: byId },
  responses: { 200: answers(schemas.TrainingRun, 'The training run'), ...notFound },
})

const progress = operation('viewer', {
  method: 'get',
  path: '/api/v1/training-runs/{id}/progress',
  tags,
  summary: 'Progress points of a run, in the order of their steps',
  description: 'Ask again with `after` set to the last step that you have seen, to follow a run.',
  request: { params: byId, query: listing({ after: StepNumber.optional() }) },
  responses: { 200: answers(page(schemas.ProgressPoint), 'Progress points'), ...notFound },
})

const verb = (name: Verb) =>
  operation(roleOfVerb[name], {
    method: 'post',
    path: `/api/v1/training-runs/{id}/${name}`,
    tags,
    summary: `${name} a training run`,
    request: { params: byId, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.RunState, 'How the run stands'), ...notFound, ...conflict },
  })

export function trainingRuns(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps

  app.openapi(create, async (c) => {
    const { labelProcessors = [], ...body } = c.req.valid('json')
    const label = processedLabel(body.label, labelProcessors)
    readLabel(label)
    // a recipe names the version, so that a retrain reads what was asked for
    const known = await knownSnapshotFor(deps, body)
    const bars = { dataset: body.dataset, snapshotId: known.snapshotId, universe: body.universe }
    await assertUniverse(deps, bars, body.universe)
    const features = referenceOf(await resolveSet(db, body.features, label, bars, body.processors))
    const request = await acceptRequest(c, db)
    const input = inputOf({ ...body, features, label }, known, request)
    const before = await findTrainingRun(db, input.runId)
    if (before) return c.json(before, 202)
    await startOnce(temporal, { type: 'trainModel', workflowId: trainingWorkflowId(input.runId), input, request })
    return c.json((await findTrainingRun(db, input.runId)) ?? acceptedTraining(input, deps.clock().toISOString()), 202)
  })

  app.openapi(list, async (c) => c.json(await listTrainingRuns(db, c.req.valid('query')), 200))

  const runOf = async (id: string): Promise<TrainingRun> => {
    const row = await findTrainingRun(db, id)
    if (row) return row
    const run = found(await findUnwrittenRun<TrainModelInput>(temporal, trainingWorkflowId(id)), 'training run', id)
    return acceptedTraining(run.input, run.startedAt, run.state)
  }
  app.openapi(get, async (c) => c.json(await runOf(c.req.valid('param').id), 200))
  app.openapi(progress, async (c) => {
    const { id } = await runOf(c.req.valid('param').id)
    const { limit, after } = c.req.valid('query')
    const { items, nextCursor } = await listProgress(db, id, { limit, after: after === undefined ? undefined : encodeCursor([after]) })
    return c.json({ items, nextCursor: nextCursor && String(items.at(-1)!.step) }, 200)
  })

  for (const name of Verb.options)
    app.openapi(verb(name), async (c) => {
      const { id } = c.req.valid('param')
      const target = { kind: 'training-run', id, workflowId: trainingWorkflowId(id) } as const
      return c.json(await obey(deps, target, name, c.req.valid('json'), await acceptRequest(c, db)), 202)
    })
}

function inputOf(
  { name, features, snapshotId, asOf: _, ...recipe }: Omit<TrainRequest, 'labelProcessors'>,
  known: KnownSnapshot,
  { id, origin }: AcceptedRequest,
): TrainModelInput {
  return {
    runId: id,
    modelName: name,
    recipe: { ...recipe, featureSet: features },
    // the head is taken at the first step; what was known at a time is settled already
    ...(known.asOf !== undefined ? known : snapshotId === undefined ? {} : { snapshotId: known.snapshotId }),
    origin,
  }
}

const acceptedTraining = (input: TrainModelInput, startedAt: string, state: UnwrittenRun<unknown>['state'] = 'running'): TrainingRun => ({
  id: input.runId,
  modelName: input.modelName,
  modelVersion: null,
  recipe: input.recipe,
  state,
  step: 'start',
  snapshotId: input.snapshotId ?? null,
  asOf: input.asOf ?? null,
  buildId: null,
  onnxSha256: null,
  rounds: null,
  iterationsExecuted: null,
  resumedFromRound: null,
  pausedSeconds: 0,
  evaluation: null,
  failure: null,
  requestedBy: input.origin.by,
  startedAt,
  endedAt: null,
})
