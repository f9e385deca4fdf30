import { z } from '@hono/zod-openapi'
import { page } from '#contracts/problems.ts'
import { AlertKind } from '#contracts/supervision.ts'
import { Id, Name } from '#contracts/words.ts'
import { findAlert, listAlerts } from '#db/queries/alerts.ts'
import { apply } from '../apply.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { acceptRequest } from '../idempotency.ts'
import { answers, conflict, flag, jsonBody, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['alerts']
const byId = z.strictObject({ id: Id })

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/alerts',
  tags,
  summary: 'Alerts, newest first',
  request: {
    query: listing({
      endpoint: Name.optional(),
      kind: AlertKind.optional(),
      open: flag('`true`: nobody has acknowledged it yet; `false`: somebody has').optional(),
    }),
  },
  responses: { 200: answers(page(schemas.Alert), 'Alerts') },
})

const get = operation('viewer', {
  method: 'get',
  path: '/api/v1/alerts/{id}',
  tags,
  summary: 'One alert, with its evidence',
  request: { params: byId },
  responses: { 200: answers(schemas.Alert, 'The alert'), ...notFound },
})

const acknowledge = operation('operator', {
  method: 'post',
  path: '/api/v1/alerts/{id}/acknowledge',
  tags,
  summary: 'Say that you have seen an alert',
  description: 'The first who says so stays on it. Nothing else changes: monitors and retrains go on.',
  request: { params: byId, ...jsonBody(schemas.CommandBody, false) },
  responses: { 200: answers(schemas.Alert, 'The alert, acknowledged'), ...notFound, ...conflict },
})

export function alerts(app: Api, deps: AppDependencies): void {
  const { db } = deps
  const alertOf = async (id: string) => found(await findAlert(db, id), 'alert', id)
  app.openapi(list, async (c) => c.json(await listAlerts(db, c.req.valid('query')), 200))
  app.openapi(get, async (c) => c.json(await alertOf(c.req.valid('param').id), 200))
  app.openapi(acknowledge, async (c) => {
    const { id } = await alertOf(c.req.valid('param').id)
    await apply(deps, { verb: 'acknowledge-alert', alertId: id }, c.req.valid('json'), await acceptRequest(c, db))
    return c.json(await alertOf(id), 200)
  })
}
