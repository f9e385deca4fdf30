import { z } from '@hono/zod-openapi'
import { Sha256 } from '#contracts/references.ts'
import { Name } from '#contracts/words.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, notFound, operation } from '../operation.ts'
import { qualityOf } from '../quality.ts'
import { reportPage } from '../report-page.ts'
import { schemas } from '../schemas.ts'

const params = z.strictObject({ name: Name, id: Sha256 })
const once = 'It is computed when it is first asked for, which reads every bar, and kept.'

const quality = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{id}/quality',
  tags: ['snapshots'],
  summary: 'What to know of a snapshot before using it: gaps, stale prices, outliers, refused rows',
  description: once,
  request: { params },
  responses: { 200: answers(schemas.QualityReport, 'The quality report'), ...notFound },
})

const report = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{id}/quality/report',
  tags: ['snapshots'],
  summary: 'The quality report of a snapshot, as one self-contained HTML page',
  description: `Charts and tables without script or outside file. ${once}`,
  request: { params },
  responses: { 200: { description: 'The report', content: { 'text/html': { schema: z.string() } } }, ...notFound },
})

export function snapshotQuality(app: Api, deps: AppDependencies): void {
  const snapshotOf = async ({ name, id }: z.infer<typeof params>) => found(await findSnapshot(deps.db, id, name), 'snapshot', id)

  app.openapi(quality, async (c) => {
    const { dataset, id } = await snapshotOf(c.req.valid('param'))
    return c.json(await qualityOf(deps, { dataset, snapshotId: id }), 200)
  })

  app.openapi(report, async (c) => {
    const snapshot = await snapshotOf(c.req.valid('param'))
    const story = { snapshot, quality: await qualityOf(deps, { dataset: snapshot.dataset, snapshotId: snapshot.id }) }
    // the drawing library takes a second to load, which the API need not spend before it is asked
    const { qualityReport } = await import('#reports/quality-report.ts')
    return reportPage(c, qualityReport(story))
  })
}
