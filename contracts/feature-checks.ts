/** Whether the features of a build can be trusted: looking ahead, warm-up, leaks of the label. */
import { z } from 'zod'
import { UniverseName } from './datasets.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { FeatureSetReference, Line, Name, Session, Ticker, Timestamp } from './words.ts'

const count = z.int().nonnegative()
const Seed = z
  .int()
  .nonnegative()
  .max(2 ** 31 - 1)

/**
 * `refused`: a feature looks ahead or seems to know the label. `inconclusive`: nothing was found, on too little to say so.
 */
export const CheckVerdict = z.enum(['passed', 'inconclusive', 'refused'])
export type CheckVerdict = z.infer<typeof CheckVerdict>

const Coefficient = z.number().min(-1).max(1).nullable()

export const FeatureCheck = z.strictObject({
  format: z.literal(1),
  buildId: Sha256,
  definitionHash: Sha256,
  snapshotId: Sha256,
  engineVersion: z.string(),
  featureSet: z.strictObject({ name: Name, version: z.int().positive() }),
  /** whose members the rows are of; without one, all symbols */
  universe: UniverseName.optional(),
  label: z.strictObject({ expression: z.string(), kind: z.enum(['time-series', 'cross-sectional']), reach: z.int().positive() }),
  verdict: CheckVerdict,
  /** in words, one a finding */
  reasons: z.array(z.string()),
  /** what was drawn with it: symbols, cuts, rows */
  seed: Seed,
  lookAhead: z.strictObject({
    symbols: count,
    cuts: count,
    cells: count,
    features: z.array(
      z.strictObject({
        name: z.string(),
        cells: z.int().positive(),
        symbol: Ticker,
        session: Session,
        /** the last session of the history that the value was computed over once more */
        cutAfter: Session,
        stored: z.number().nullable(),
        recomputed: z.number().nullable(),
      }),
    ),
  }),
  warmUp: z.strictObject({
    rows: count,
    /** sessions of history, the row's own included */
    lengths: z.array(z.int().positive()),
    features: z.array(
      z.strictObject({
        name: z.string(),
        lookback: z.int().positive(),
        /** mean squared difference as a share of the feature's variance */
        variance: z.array(z.number().nullable()),
        missing: z.array(count),
        settles: z.int().positive().nullable(),
      }),
    ),
  }),
  leakage: z.strictObject({
    /** sessions before it only: a test segment stays closed */
    before: Session.nullable(),
    plausibleExcess: z.number(),
    familyError: z.number(),
    features: z.array(
      z.strictObject({
        name: z.string(),
        observations: count,
        label: Coefficient,
        before: Coefficient,
        behind: Coefficient,
        pValue: z.number().nullable(),
        suspicious: z.boolean(),
      }),
    ),
  }),
})
export type FeatureCheck = z.infer<typeof FeatureCheck>

/** Input of `checkFeatures`. */
export const CheckFeaturesInput = z.strictObject({
  buildId: Sha256,
  seed: Seed,
  /** labels from this session on are not read */
  before: Session.optional(),
})
export type CheckFeaturesInput = z.infer<typeof CheckFeaturesInput>

/** `report` is a FeatureCheck. */
export const CheckFeaturesResult = z.strictObject({ report: ObjectRef, verdict: CheckVerdict, reasons: z.array(z.string()) })
export type CheckFeaturesResult = z.infer<typeof CheckFeaturesResult>

/** Without a build, the newest ready one of the set over the dataset, or over a universe of it. */
export const CheckRequest = z.strictObject({
  dataset: Name,
  features: FeatureSetReference,
  build: Sha256.optional(),
  universe: UniverseName.optional(),
  before: Session.optional(),
  seed: Seed.default(0),
})
export type CheckRequest = z.infer<typeof CheckRequest>

/** A person's word that what a check suspects is meant; a look-ahead cannot be accepted. */
export const ApproveCheckRequest = z.strictObject({ reason: Line.min(1).max(500) })
export type ApproveCheckRequest = z.infer<typeof ApproveCheckRequest>

export const KeptFeatureCheck = FeatureCheck.extend({
  checkedAt: Timestamp,
  acceptedBy: z.string().nullable(),
  acceptedReason: z.string().nullable(),
})
export type KeptFeatureCheck = z.infer<typeof KeptFeatureCheck>
