import { FeatureStatistics } from '#contracts/feature-statistics.ts'
import type { Transport } from './transport.ts'

const enc = encodeURIComponent

/** What is known of the features of a build. */
export const featureStatisticsResources = ({ get }: Transport) => ({
  ofBuild: (id: string) => get(`/feature-builds/${enc(id)}/statistics`, FeatureStatistics),
  ofSet: (dataset: string, set: string) => get(`/datasets/${enc(dataset)}/features/${enc(set)}/statistics`, FeatureStatistics),
})
