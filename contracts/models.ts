import { z } from 'zod'
import { ObjectRef, Sha256 } from './references.ts'
import { Evaluation, Recipe } from './training.ts'
import { Id, Name, Timestamp } from './words.ts'

export const Stage = z.enum(['testing', 'staging', 'production', 'archived'])
export type Stage = z.infer<typeof Stage>

/** `model.json`, beside `model.onnx`: everything a stranger needs to run the model and to say where it came from. */
export const ModelSidecar = z.strictObject({
  format: z.literal(1),
  onnx: ObjectRef,
  recipe: Recipe,
  featureOrder: z.array(z.string()).min(1),
  featureHash: Sha256,
  missing: z.enum(['accept', 'refuse']),
  /** ONNX graph: one float32 input [batch, features], one float32 output [batch, 1] */
  input: z.strictObject({ name: z.string(), features: z.int().positive() }),
  output: z.strictObject({ name: z.string() }),
  snapshotId: Sha256,
  buildId: Sha256,
  fitReport: ObjectRef,
  /** null for a version that is judged in shadow */
  evaluation: Evaluation.nullable(),
  parity: z.strictObject({ rows: z.int(), maxAbsoluteDifference: z.number(), tolerance: z.number(), exceedingRows: z.int() }),
  libraries: z.record(z.string(), z.string()),
})
export type ModelSidecar = z.infer<typeof ModelSidecar>

export const ModelVersionName = z.string().regex(/^[a-z][a-z0-9-]{0,62}@[1-9][0-9]{0,8}$/, 'a model version as NAME@NUMBER')
export type ModelVersionName = z.infer<typeof ModelVersionName>

export const ModelVersion = z.strictObject({
  name: Name,
  version: z.int().positive(),
  stage: Stage,
  runId: Id,
  onnx: ObjectRef,
  sidecar: ObjectRef,
  featureHash: Sha256,
  snapshotId: Sha256,
  buildId: Sha256,
  dataset: Name,
  createdAt: Timestamp,
})
export type ModelVersion = z.infer<typeof ModelVersion>

export const Model = z.strictObject({
  name: Name,
  latestVersion: z.int().positive(),
  production: z.int().positive().nullable(),
  createdAt: Timestamp,
})
export type Model = z.infer<typeof Model>
