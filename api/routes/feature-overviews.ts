import { z } from '@hono/zod-openapi'
import type { FeatureOverview } from '#contracts/feature-overview.ts'
import { findFeatureCheck } from '#db/queries/feature-checks.ts'
import { readFeatureSet } from '#db/queries/feature-sets.ts'
import { inWords } from '#domain/expressions/in-words.ts'
import { parse } from '#domain/expressions/parse.ts'
import { checkVersion } from '#domain/trust/check-version.ts'
import { builtFeatures, FeaturesOfDataset, OfUniverse } from '../built-features.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { readCheck } from '../feature-checks.ts'
import { statisticsOf } from '../feature-statistics.ts'
import { answers, conflict, notFound, operation } from '../operation.ts'
import { reportPage } from '../report-page.ts'
import { schemas } from '../schemas.ts'

const tags = ['feature-sets']
const once = 'Of the newest ready build. Statistics are computed when they are first asked for, and kept.'

const overview = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{dataset}/features/{features}',
  tags,
  summary: 'All that is known of a feature set over a dataset: meanings, statistics, its check',
  description: once,
  request: { params: FeaturesOfDataset, query: OfUniverse },
  responses: { 200: answers(schemas.FeatureOverview, 'The overview'), ...notFound, ...conflict },
})

const report = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{dataset}/features/{features}/report',
  tags,
  summary: 'The page of a feature set over a dataset: one self-contained HTML document',
  description: `Charts and tables without script or outside file. ${once}`,
  request: { params: FeaturesOfDataset, query: OfUniverse },
  responses: { 200: { description: 'The page', content: { 'text/html': { schema: z.string() } } }, ...notFound, ...conflict },
})

export function featureOverviews(app: Api, deps: AppDependencies): void {
  const overviewOf = async (wanted: z.infer<typeof FeaturesOfDataset> & z.infer<typeof OfUniverse>): Promise<FeatureOverview> => {
    const build = await builtFeatures(deps.db, wanted)
    const { features, absent: _, ...featureSet } = await readFeatureSet(deps.db, wanted.features)
    const statistics = await statisticsOf(deps, build)
    const checked = await findFeatureCheck(deps.db, { buildId: build.id, engineVersion: checkVersion })
    const described = new Map(features.map(({ name, description }) => [name, description]))
    return {
      dataset: wanted.dataset,
      featureSet,
      absent: build.featureSet.absent,
      statistics,
      check: checked === undefined ? null : await readCheck(deps, build.id),
      meanings: statistics.features.map(({ name, expression }) => {
        const written = described.get(name)
        return { name, words: written ?? inWords(parse(expression)), written: written !== undefined }
      }),
    }
  }

  app.openapi(overview, async (c) => c.json(await overviewOf({ ...c.req.valid('param'), ...c.req.valid('query') }), 200))

  app.openapi(report, async (c) => {
    const story = await overviewOf({ ...c.req.valid('param'), ...c.req.valid('query') })
    // the drawing library takes a second to load, which the API need not spend before it is asked
    const { featureSetReport } = await import('#reports/feature-set-report.ts')
    return reportPage(c, featureSetReport(story))
  })
}
