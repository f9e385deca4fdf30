/** Feature sets that follow a dataset: they are built by themselves whenever a snapshot of it lands. */
import { z } from 'zod'
import { UniverseName } from './datasets.ts'
import { LabelDefinition } from './features.ts'
import { Sha256 } from './references.ts'
import { LabelRequest } from './requests.ts'
import { FeatureSetReference, Name, Timestamp } from './words.ts'

export const StandingBuildRequest = z.strictObject({
  features: FeatureSetReference,
  label: LabelRequest,
  universe: UniverseName.optional(),
})
export type StandingBuildRequest = z.infer<typeof StandingBuildRequest>

/** `id` is the definition's hash: a dataset is followed by a definition once. */
export const StandingBuild = z.strictObject({
  id: Sha256,
  dataset: Name,
  featureSet: FeatureSetReference,
  label: LabelDefinition,
  universe: UniverseName.optional(),
  requestedBy: z.string(),
  createdAt: Timestamp,
})
export type StandingBuild = z.infer<typeof StandingBuild>
