/** The bodies that the API takes. What may be left out has the defaults of the demo's scenario; a label has none. */
import { z } from 'zod'
import { Role } from './access.ts'
import { CommandBody } from './commands.ts'
import { ConnectorConfig } from './datasets.ts'
import { RolloutPlan } from './deployments.ts'
import { Expression, LabelDefinition } from './features.ts'
import { SnapshotReference } from './snapshots.ts'
import { SupervisionPolicy } from './supervision.ts'
import { LightgbmParams, Recipe, Segments } from './training.ts'
import { Id, Name, SessionRange, Timestamp } from './words.ts'

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
 * is named, else of the one that was the dataset's head at that time, else of its first.
 */
export const BuildRequest = z.strictObject({
  dataset: Name,
  features: Name,
  label: LabelRequest,
  snapshotId: SnapshotReference.optional(),
  asOf: Timestamp.optional(),
})
export type BuildRequest = z.infer<typeof BuildRequest>

/** `name` is the model family that a passing run adds a version to. */
export const TrainRequest = z.strictObject({
  name: Name,
  model: Recipe.shape.model,
  dataset: Name,
  features: Name,
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
export const UploadGrant = z.strictObject({ upload: z.string(), url: z.url(), expiresInSeconds: z.int().positive() })
export type UploadGrant = z.infer<typeof UploadGrant>
