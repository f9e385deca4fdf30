import type { z } from 'zod'
import { FeatureJoin, type FeatureJoinRequest } from '#contracts/feature-joins.ts'
import type { Transport } from './transport.ts'

/** Feature rows by what was known at given times. */
export const featureJoinResources = ({ start }: Transport) => ({
  join: (body: z.input<typeof FeatureJoinRequest>, idempotencyKey?: string) => start('/feature-joins', FeatureJoin, body, idempotencyKey),
})
