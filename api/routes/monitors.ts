import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { MonitorKind } from '#contracts/supervision.ts'
import { Id, Name } from '#contracts/words.ts'
import { findMonitor, listMonitorPoints, listMonitors } from '#db/queries/monitors.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['monitors']
const byId = z.strictObject({ id: Id })

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/monitors',
  tags,
  summary: 'Standing checks, newest first, each with what it saw last',
  request: { query: listing({ endpoint: Name.optional(), kind: MonitorKind.optional() }) },
  responses: { 200: answers(page(schemas.Monitor), 'Monitors') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/monitors/{id}',
  tags,
  summary: 'One monitor, with how it was calibrated',
  request: { params: byId },
  responses: { 200: answers(schemas.Monitor, 'The monitor'), ...notFound },
})

const points = operation('viewer', {
  method: 'get',
  path: '/api/v1/monitors/{id}/points',
  tags,
  summary: 'What a monitor saw, session by session, from the first',
  request: { params: byId, query: listing({}) },
  responses: { 200: answers(page(schemas.MonitorPoint), 'Points'), ...notFound },
})

export function monitors(app: Api, { db }: AppDependencies): void {
  const monitorOf = async (id: string) => found(await findMonitor(db, id), 'monitor', id)
  app.openapi(list, async (c) => c.json(await listMonitors(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => c.json(await monitorOf(c.req.valid('param').id), 200))
  app.openapi(points, async (c) => {
    const monitor = await monitorOf(c.req.valid('param').id)
    return c.json(await listMonitorPoints(db, monitor, c.req.valid('query')), 200)
  })
}
