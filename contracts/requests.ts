/** The bodies that the API takes. What may be left out has the defaults of the demo's scenario; a label has none. */
import { z } from 'zod'
import { Role } from './access.ts'
import { CommandBody } from './commands.ts'
import { ConnectorConfig, UniverseName } from './datasets.ts'
import { RolloutPlan } from './deployments.ts'
import { CrossProcessors, Expression, LabelDefinition } from './features.ts'
import { UploadUri } from './references.ts'
import { SnapshotReference } from './snapshots.ts'
import { SupervisionPolicy } from './supervision.ts'
import { LightgbmParams, Recipe, Segments } from './training.ts'
import { FeatureSetReference, Id, Name, SessionRange, Timestamp } from './words.ts'

/** Without a connector the dataset is synced again from where it came. */
export const SyncRequest = z.strictObject({ connector: ConnectorConfig.optional() })
export type SyncRequest = z.infer<typeof SyncRequest>

export const LabelRequest = z.strictObject({
  expression: Expression,
  persistence: Expression.optional(),
  kind: LabelDefinition.shape.kind.default('time-series'),
})
export type LabelRequest = z.infer<typeof LabelRequest>

/**
 * Without a snapshot the build reads the dataset's newest. With `asOf` it sees what was known then: of the snapshot that
 * is named, else of the one that was the dataset's head at that time, else of its first. With a universe of the snapshot its
 * rows and cross-sections are of the members of each session.
 */
export const BuildRequest = z.strictObject({
  dataset: Name,
  features: FeatureSetReference,
  label: LabelRequest,
  snapshotId: SnapshotReference.optional(),
  asOf: Timestamp.optional(),
  universe: UniverseName.optional(),
})
export type BuildRequest = z.infer<typeof BuildRequest>

const [scored, ranked, , finite] = CrossProcessors
/** A label that is missing stays so: nothing is filled. */
const LabelProcessor = z.discriminatedUnion('kind', [scored, ranked, finite])

/** `name` is the model family that a passing run adds a version to. */
export const TrainRequest = z.strictObject({
  name: Name,
  model: Recipe.shape.model,
  dataset: Name,
  features: FeatureSetReference,
  label: LabelRequest,
  segments: Segments.extend({ test: SessionRange }),
  params: LightgbmParams.prefault({}),
  startFrom: Recipe.shape.startFrom.default('mean'),
  seed: Recipe.shape.seed.default(0),
  maxRounds: Recipe.shape.maxRounds.default(1000),
  patience: Recipe.shape.patience.default(30),
  blockRounds: Recipe.shape.blockRounds.default(50),
  threads: Recipe.shape.threads.default(1),
  missing: Recipe.shape.missing.default('accept'),
  processors: Recipe.shape.processors,
  universe: Recipe.shape.universe,
  /** what becomes of the label, and of its naive forecast: the recipe's label is the expression of it */
  labelProcessors: z.array(LabelProcessor).min(1).max(5).optional(),
  snapshotId: SnapshotReference.optional(),
  asOf: Timestamp.optional(),
})
export type TrainRequest = z.infer<typeof TrainRequest>

export const DeployRequest = z.strictObject({
  endpoint: Name,
  model: z.strictObject({
    name: Name,
    version: z
      .int()
      .positive()
      .max(2 ** 31 - 1),
  }),
  plan: RolloutPlan.prefault({}),
})
export type DeployRequest = z.infer<typeof DeployRequest>

/** Without a deployment, what was moved last on the endpoint: a canary under way, else what answers. */
export const RollbackRequest = CommandBody.extend({ deploymentId: Id.optional() })
export type RollbackRequest = z.infer<typeof RollbackRequest>

/** Starts the standing supervisor of an endpoint, or gives a running one another policy. */
export const SuperviseRequest = z.strictObject({ policy: SupervisionPolicy.prefault({}) })
export type SuperviseRequest = z.infer<typeof SuperviseRequest>

export const CreateKeyRequest = z.strictObject({ name: Name, role: Role })
export type CreateKeyRequest = z.infer<typeof CreateKeyRequest>

/** Where a file may be put, by one PUT of its bytes. */
export const UploadGrant = z.strictObject({ upload: UploadUri, url: z.url(), expiresInSeconds: z.int().positive() })
export type UploadGrant = z.infer<typeof UploadGrant>

const Md5 = z.string().regex(/^[0-9a-f]{32}$/, 'a lower-case hexadecimal MD5')
const PartNumber = z.int().min(1).max(10_000)
/** What the store calls a multipart upload; only the store knows what it means. */
export const MultipartId = z.string().regex(/^[\x21-\x7e]{1,1024}$/, 'an upload id as it was given')

export const BeginUploadRequest = z.strictObject({
  bytes: z
    .int()
    .positive()
    .max(5 * 2 ** 40),
})
export const BegunUpload = z.strictObject({
  upload: UploadUri,
  uploadId: MultipartId,
  /** every part has so many bytes, but for the last */
  partBytes: z.int().positive(),
  parts: z.int().positive(),
})
export type BegunUpload = z.infer<typeof BegunUpload>
export const PartUrlsRequest = z.strictObject({ uploadId: MultipartId, numbers: z.array(PartNumber).min(1).max(100) })
export const PartUrls = z.strictObject({ urls: z.array(z.strictObject({ number: PartNumber, url: z.url() })) })
export const StoredParts = z.strictObject({
  parts: z.array(z.strictObject({ number: PartNumber, md5: z.string(), bytes: z.int().nonnegative() })),
})
export type StoredParts = z.infer<typeof StoredParts>
/** The client's own sums: an upload is completed only when the store has exactly these bytes. */
export const CompleteUploadRequest = z.strictObject({
  uploadId: MultipartId,
  bytes: z.int().positive(),
  parts: z
    .array(z.strictObject({ number: PartNumber, md5: Md5 }))
    .min(1)
    .max(3_500),
})
export type CompleteUploadRequest = z.infer<typeof CompleteUploadRequest>
export const CompletedUpload = z.strictObject({ upload: UploadUri, bytes: z.int().positive() })
