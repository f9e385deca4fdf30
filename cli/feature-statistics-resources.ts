import { z } from 'zod'
import { FeatureOverview } from '#contracts/feature-overview.ts'
import { FeatureStatistics } from '#contracts/feature-statistics.ts'
import type { Transport } from './transport.ts'

const enc = encodeURIComponent

/** What is known of the features of a build. */
export const featureStatisticsResources = ({ api, get }: Transport) => ({
  ofBuild: (id: string) => get(`/feature-builds/${enc(id)}/statistics`, FeatureStatistics),
  ofSet: (dataset: string, set: string, universe?: string) =>
    get(`/datasets/${enc(dataset)}/features/${enc(set)}/statistics`, FeatureStatistics, { universe }),
  overview: (dataset: string, set: string, universe?: string) =>
    get(`/datasets/${enc(dataset)}/features/${enc(set)}`, FeatureOverview, { universe }),
  /** a whole HTML document */
  page: (dataset: string, set: string, universe?: string): Promise<string> =>
    api(`/datasets/${enc(dataset)}/features/${enc(set)}/report`, z.string(), { accept: 'text/html', query: { universe } }),
})
