import { z } from 'zod'
import { Sha256 } from './references.ts'
import { Id, Name, Session, Ticker, Timestamp } from './words.ts'

/** `POST /v1/endpoints/{name}/predict` on a serving replica. */
export const PredictRequest = z.strictObject({
  symbols: z.array(Ticker).min(1).max(1000),
  /** refused unless this is the session of every newest row: for who must not act on yesterday's */
  session: Session.optional(),
  unitId: z
    .string()
    .max(200)
    .regex(/^\P{Cc}+$/u, 'printable characters')
    .optional(),
})
export type PredictRequest = z.infer<typeof PredictRequest>

export const PredictionAnswer = z.strictObject({
  predictionId: Id,
  symbol: Ticker,
  /** the session whose close the features know */
  session: Session,
  value: z.number(),
})
export type PredictionAnswer = z.infer<typeof PredictionAnswer>

export const PredictResponse = z.strictObject({
  endpoint: Name,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  revision: z.int().nonnegative(),
  /** true when the replica is cut off from PostgreSQL and answers from its last known revision */
  stale: z.boolean(),
  predictions: z.array(PredictionAnswer),
})
export type PredictResponse = z.infer<typeof PredictResponse>

/** Where the inputs of a prediction are: the feature row of a build, or the raw values themselves. */
export const PredictionInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('feature-row'), buildId: Sha256, symbol: Ticker, session: Session, sha256: Sha256 }),
  z.strictObject({ kind: z.literal('tensor'), values: z.array(z.number().nullable()), sha256: Sha256 }),
])
export type PredictionInput = z.infer<typeof PredictionInput>

/** One record of the local log and one row of `prediction`. `input.sha256` is of the float32 little-endian bytes. */
export const PredictionRecord = z.strictObject({
  id: Id,
  endpoint: Name,
  deploymentId: Id,
  revision: z.int().nonnegative(),
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  onnxSha256: Sha256,
  input: PredictionInput,
  value: z.number(),
  unitId: z.string().nullable(),
  stale: z.boolean(),
  replicaId: z.string(),
  predictedAt: Timestamp,
})
export type PredictionRecord = z.infer<typeof PredictionRecord>

/** One object of a trace: read again, hashed again, and the two hashes compared. */
export const TraceLink = z.strictObject({
  what: z.enum([
    'prediction',
    'onnx',
    'sidecar',
    'fit-report',
    'feature-row',
    'feature-shard',
    'build-manifest',
    'snapshot-manifest',
    'snapshot-chunk',
    'snapshot-content',
  ]),
  name: z.string(),
  recordedSha256: Sha256,
  actualSha256: Sha256,
  matches: z.boolean(),
})
export type TraceLink = z.infer<typeof TraceLink>

/** From a live prediction back to its bars; nothing in it is copied from a stored string that it could recompute. */
export const Trace = z.strictObject({
  predictionId: Id,
  endpoint: Name,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  runId: Id,
  deploymentId: Id,
  buildId: Sha256,
  snapshotId: Sha256,
  onnxSha256: Sha256,
  symbol: Ticker.nullable(),
  session: Session.nullable(),
  /** first and last session and number of bars that the features of this row read; across how many symbols, if they do */
  bars: z.strictObject({ firstSession: Session, lastSession: Session, rows: z.int(), symbols: z.int().positive().optional() }).nullable(),
  links: z.array(TraceLink),
  /** the feature row computed again from the bars equals the one that was served, byte for byte */
  featuresRecomputed: z.boolean().nullable(),
  recordedValue: z.number(),
  /** null when an object that it needs is not what it was */
  recomputedValue: z.number().nullable(),
  verified: z.boolean(),
})
export type Trace = z.infer<typeof Trace>

export const TraceInput = z.strictObject({ traceId: Id, predictionId: Id, by: z.string() })
export type TraceInput = z.infer<typeof TraceInput>
