/** The rows of a feature build as one file. */
import { z } from 'zod'
import { UniverseName } from './datasets.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { inspection } from './snapshots.ts'
import { FeatureSetReference, Id, Name } from './words.ts'

/** Without a build, the newest ready one of the set over the dataset, or over a universe of it: of what is known today, whatever its label. */
export const FeatureExportRequest = z.strictObject({
  dataset: Name,
  features: FeatureSetReference,
  build: Sha256.optional(),
  universe: UniverseName.optional(),
})
export type FeatureExportRequest = z.infer<typeof FeatureExportRequest>

/** Input of `exportFeatures`. */
export const FeatureExportInput = z.strictObject({ exportId: Id, buildId: Sha256 })
export type FeatureExportInput = z.infer<typeof FeatureExportInput>

export const FeatureExportResult = z.strictObject({
  object: ObjectRef,
  buildId: Sha256,
  snapshotId: Sha256,
  rows: z.int().positive(),
  symbols: z.int().positive(),
  features: z.int().positive(),
})
export type FeatureExportResult = z.infer<typeof FeatureExportResult>

/** `url` is where the file may be read for a limited time. */
export const FeatureExport = inspection(FeatureExportResult.extend({ url: z.url() }))
export type FeatureExport = z.infer<typeof FeatureExport>
