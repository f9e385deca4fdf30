import { z } from '@hono/zod-openapi'
import type { Order } from '#contracts/orders.ts'
import { page } from '#contracts/problems.ts'
import type { Schedule } from '#contracts/schedules.ts'
import { Name } from '#contracts/words.ts'
import { decodeCursor, pageOf } from '#db/queries/cursor.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { apply } from '../apply.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, idempotencyHeaders, jsonBody, listing, notFound, operation } from '../operation.ts'
import { findSchedule, listSchedules } from '../schedules.ts'
import { schemas } from '../schemas.ts'

const tags = ['schedules']
const byName = z.strictObject({ name: Name })

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/schedules',
  tags,
  summary: 'Schedules by name',
  description: 'A schedule that was made a moment ago may be missing: ask for it by its name.',
  request: { query: listing({}) },
  responses: { 200: answers(page(schemas.Schedule), 'Schedules') },
})

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/schedules',
  tags,
  summary: 'Sync a dataset by the clock',
  description: 'Each firing syncs the dataset from where it came, or joins the sync that is running.',
  request: jsonBody(schemas.CreateScheduleRequest),
  responses: { 201: answers(schemas.Schedule, 'The schedule'), ...notFound, ...conflict },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/schedules/{name}',
  tags,
  summary: 'One schedule, with its last and next firings',
  request: { params: byName },
  responses: { 200: answers(schemas.Schedule, 'The schedule'), ...notFound },
})

const remove = operation('operator', {
  method: 'delete',
  path: '/api/v1/schedules/{name}',
  tags,
  summary: 'End a schedule; syncs that it has started go on',
  request: { params: byName, headers: idempotencyHeaders },
  responses: { 200: answers(schemas.Schedule, 'The schedule as it was'), ...notFound },
})

const backfill = operation('operator', {
  method: 'post',
  path: '/api/v1/schedules/{name}/backfill',
  tags,
  summary: 'Fire as often as the schedule would have between two times',
  request: { params: byName, ...jsonBody(schemas.BackfillRequest) },
  responses: { 202: answers(schemas.Schedule, 'The schedule'), ...notFound },
})

const meaning = {
  pause: 'Fire no more until it is resumed',
  resume: 'Fire again; what was missed stays missed',
  trigger: 'Fire now, also while it is paused: for schedulers outside',
} as const
const verbs = ['pause', 'resume', 'trigger'] as const

const verb = (name: (typeof verbs)[number]) =>
  operation('operator', {
    method: 'post',
    path: `/api/v1/schedules/{name}/${name}`,
    tags,
    summary: meaning[name],
    request: { params: byName, ...jsonBody(schemas.CommandBody, false) },
    responses: { 202: answers(schemas.Schedule, 'The schedule'), ...notFound },
  })

export function schedules(app: Api, deps: AppDependencies): void {
  const { db, temporal } = deps
  const scheduleOf = async (name: string): Promise<Schedule> => found(await findSchedule(temporal, name), 'schedule', name)

  app.openapi(list, async (c) => {
    const { limit, after } = c.req.valid('query')
    const [last] = after === undefined ? [] : decodeCursor(after, [''] as [string])
    const rest = (await listSchedules(temporal)).filter(({ name }) => last === undefined || name > last)
    return c.json(
      pageOf(
        rest,
        limit,
        ({ name }) => [name],
        (schedule) => schedule,
      ),
      200,
    )
  })

  app.openapi(create, async (c) => {
    const schedule = c.req.valid('json')
    found(await findDataset(db, schedule.dataset), 'dataset', schedule.dataset)
    await apply(deps, { verb: 'create-schedule', schedule }, {}, await acceptRequest(c, db))
    return c.json(await scheduleOf(schedule.name), 201)
  })

  app.openapi(get, async (c) => c.json(await scheduleOf(c.req.valid('param').name), 200))

  app.openapi(remove, async (c) => {
    const schedule = await scheduleOf(c.req.valid('param').name)
    await apply(deps, { verb: 'delete-schedule', name: schedule.name }, {}, await acceptRequest(c, db))
    return c.json(schedule, 200)
  })

  app.openapi(backfill, async (c) => {
    const { name } = await scheduleOf(c.req.valid('param').name)
    const { from, to, reason } = c.req.valid('json')
    await apply(deps, { verb: 'backfill-schedule', name, from, to }, { reason }, await acceptRequest(c, db))
    return c.json(await scheduleOf(name), 202)
  })

  for (const name of verbs)
    app.openapi(verb(name), async (c) => {
      const schedule = await scheduleOf(c.req.valid('param').name)
      const order: Order = { verb: `${name}-schedule`, name: schedule.name }
      await apply(deps, order, c.req.valid('json'), await acceptRequest(c, db))
      return c.json(await scheduleOf(schedule.name), 202)
    })
}
