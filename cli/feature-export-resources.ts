import { FeatureExport, type FeatureExportRequest } from '#contracts/feature-exports.ts'
import type { Transport } from './transport.ts'

/** The rows of feature builds as files. */
export const featureExportResources = ({ get, start }: Transport) => ({
  create: (body: FeatureExportRequest, idempotencyKey?: string) => start('/feature-exports', FeatureExport, body, idempotencyKey),
  find: (id: string) => get(`/feature-exports/${encodeURIComponent(id)}`, FeatureExport),
})
