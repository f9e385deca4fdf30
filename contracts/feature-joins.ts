/** The feature rows that were known at given times: what a training set of events is made of. */
import { z } from 'zod'
import { UniverseName } from './datasets.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { FeatureSetReference, Id, Name, Session, SpeltTicker, Ticker, Timestamp } from './words.ts'

/** In one request; a file is joined by many. */
export const mostPoints = 1_000

/** With `knownBy`, nothing is seen that became known after it, whatever time a row asks for. */
export const FeatureJoinRequest = z.strictObject({
  dataset: Name,
  features: FeatureSetReference,
  build: Sha256.optional(),
  universe: UniverseName.optional(),
  knownBy: Timestamp.optional(),
  points: z
    .array(z.strictObject({ symbol: SpeltTicker, time: Timestamp }))
    .min(1)
    .max(mostPoints),
})
export type FeatureJoinRequest = z.infer<typeof FeatureJoinRequest>

/** Input of `joinFeatures`. */
export const FeatureJoinInput = z.strictObject({
  joinId: Id,
  buildId: Sha256,
  knownBy: Timestamp.optional(),
  points: z.array(z.strictObject({ symbol: Ticker, time: Timestamp })).min(1),
})
export type FeatureJoinInput = z.infer<typeof FeatureJoinInput>

/** `rows` are in the order of the points. Without a row that was known then, session and values are null. */
export const FeatureJoin = z.strictObject({
  buildId: Sha256,
  snapshotId: Sha256,
  features: z.array(z.string()),
  rows: z.array(
    z.strictObject({
      symbol: Ticker,
      time: Timestamp,
      session: Session.nullable(),
      knownAt: Timestamp.nullable(),
      /** float32; a missing value is null */
      values: z.array(z.number().nullable()).nullable(),
    }),
  ),
})
export type FeatureJoin = z.infer<typeof FeatureJoin>

/** `joined` is a FeatureJoin. */
export const FeatureJoinResult = z.strictObject({ joined: ObjectRef })
export type FeatureJoinResult = z.infer<typeof FeatureJoinResult>
