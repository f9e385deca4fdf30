import { z } from 'zod'
import { type ApproveCheckRequest, type CheckRequest, KeptFeatureCheck } from '#contracts/feature-checks.ts'
import type { Transport } from './transport.ts'

/** Whether features can be trusted. */
export const featureCheckResources = ({ api, start }: Transport) => ({
  make: (body: z.input<typeof CheckRequest>, idempotencyKey?: string) => start('/feature-checks', KeptFeatureCheck, body, idempotencyKey),
  approve: (build: string, body: ApproveCheckRequest, idempotencyKey?: string) =>
    start(`/feature-builds/${encodeURIComponent(build)}/check/approve`, KeptFeatureCheck, body, idempotencyKey),
  /** a whole HTML document */
  page: (build: string): Promise<string> =>
    api(`/feature-builds/${encodeURIComponent(build)}/check/report`, z.string(), { accept: 'text/html' }),
})
