/** What the features of a build look like: kept with the build, for pages and for comparing later windows. */
import { z } from 'zod'
import { UniverseName } from './datasets.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { Name, Session } from './words.ts'

const count = z.int().nonnegative()
const Histogram = z.strictObject({ edges: z.array(z.number()), counts: z.array(count) })
const Coefficient = z.number().min(-1).max(1)

/** Of `groups`, each a session of a cross-sectional label, or a symbol and year of a time-series one. */
const RankIc = z.strictObject({
  groups: count,
  mean: Coefficient.nullable(),
  deviation: z.number().nullable(),
  years: z.array(z.strictObject({ year: z.string(), groups: count, mean: Coefficient, deviation: z.number().nullable() })),
})

export const FeatureColumnStatistics = z.strictObject({
  name: z.string(),
  expression: z.string(),
  lookback: z.int().positive(),
  /** the first session on which any symbol has a value */
  firstSession: Session.nullable(),
  rows: count,
  missing: count,
  infinite: count,
  mean: z.number().nullable(),
  deviation: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  quantiles: z.array(z.number()),
  byQuantiles: Histogram,
  byWidth: Histogram.extend({ below: count, above: count }),
  rankIc: RankIc,
  /** those that it goes with most, strongest first */
  closest: z.array(z.strictObject({ name: z.string(), correlation: Coefficient })),
})
export type FeatureColumnStatistics = z.infer<typeof FeatureColumnStatistics>

export const FeatureStatistics = z.strictObject({
  format: z.literal(1),
  buildId: Sha256,
  definitionHash: Sha256,
  snapshotId: Sha256,
  engineVersion: z.string(),
  featureSet: z.strictObject({ name: Name, version: z.int().positive() }),
  /** whose members the rows are of; without one, all symbols */
  universe: UniverseName.optional(),
  label: z.strictObject({ expression: z.string(), kind: z.enum(['time-series', 'cross-sectional']) }),
  rows: count,
  symbols: count,
  firstSession: Session,
  lastSession: Session,
  quantileShares: z.array(z.number()),
  features: z.array(FeatureColumnStatistics),
  /** rank correlations of the features in their order, over `sampledRows` rows spread evenly */
  correlations: z.strictObject({ sampledRows: count, matrix: z.array(z.array(Coefficient.nullable())) }),
})
export type FeatureStatistics = z.infer<typeof FeatureStatistics>

/** Input of `describeFeatures`. */
export const DescribeFeaturesInput = z.strictObject({ buildId: Sha256 })
export type DescribeFeaturesInput = z.infer<typeof DescribeFeaturesInput>

/** `report` is a FeatureStatistics. */
export const DescribeFeaturesResult = z.strictObject({ report: ObjectRef })
export type DescribeFeaturesResult = z.infer<typeof DescribeFeaturesResult>
