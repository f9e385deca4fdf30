import { DescribedFeatureSet, FeatureSetComparison, type FeatureSetFile } from '#contracts/feature-sets.ts'
import { page } from '#contracts/problems.ts'
import type { Page, Paging, Transport } from './transport.ts'

const enc = encodeURIComponent

/** Feature sets: of the program, and of users. */
export const featureSetResources = ({ get, start }: Transport) => ({
  list: (query: Paging & { search?: string | undefined } = {}): Promise<Page<DescribedFeatureSet>> =>
    get('/feature-sets', page(DescribedFeatureSet), query),
  find: (reference: string) => get(`/feature-sets/${enc(reference)}`, DescribedFeatureSet),
  versions: (name: string, paging: Paging = {}): Promise<Page<DescribedFeatureSet>> =>
    get(`/feature-sets/${enc(name)}/versions`, page(DescribedFeatureSet), paging),
  register: (body: FeatureSetFile, idempotencyKey?: string) => start('/feature-sets', DescribedFeatureSet, body, idempotencyKey),
  compare: (before: string, after: string) => get('/feature-set-comparisons', FeatureSetComparison, { before, after }),
})
