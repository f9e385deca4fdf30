import { page } from '#contracts/problems.ts'
import { Line, Timestamp } from '#contracts/words.ts'
import { listAudit } from '#db/queries/audit.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { answers, listing, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const list = operation('viewer', {
  method: 'get',
  path: '/api/v1/audit',
  tags: ['audit'],
  summary: 'Who did what, newest first',
  request: {
    query: listing({
      subject: Line.max(200).optional().meta({ description: '`kind/id`, as in `training-run/0198…`' }),
      action: Line.max(100).optional().meta({ description: 'As in `approve`, `promote`, `acknowledge`' }),
      by: Line.max(200).optional(),
      from: Timestamp.optional().meta({ description: 'At this instant or later' }),
      to: Timestamp.optional().meta({ description: 'Before this instant' }),
    }),
  },
  responses: { 200: answers(page(schemas.AuditEntry), 'Audit entries') },
})

export function audit(app: Api, { db }: AppDependencies): void {
  app.openapi(list, async (c) => c.json(await listAudit(db, c.req.valid('query')), 200))
}
