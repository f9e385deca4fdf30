import { z } from 'zod'
import { ObjectRef, Sha256 } from './references.ts'
import { Id, Name, RequestOrigin, Timestamp } from './words.ts'

export const DeploymentStrategy = z.enum(['immediate'])
export type DeploymentStrategy = z.infer<typeof DeploymentStrategy>

/** Input of `deployModel`. */
export const DeployModelInput = z.strictObject({
  deploymentId: Id,
  endpoint: Name,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  strategy: DeploymentStrategy,
  origin: RequestOrigin,
})
export type DeployModelInput = z.infer<typeof DeployModelInput>

export const DeploymentState = z.enum(['running', 'pausing', 'paused', 'stopping', 'active', 'superseded', 'refused', 'failed', 'stopped'])
export type DeploymentState = z.infer<typeof DeploymentState>

/** `state` is active, superseded, refused or stopped; a deployment that failed is a failed workflow. */
export const DeployModelResult = z.strictObject({
  deploymentId: Id,
  state: DeploymentState,
  revision: z.int().nullable(),
  reason: z.string().nullable(),
})
export type DeployModelResult = z.infer<typeof DeployModelResult>

/** What a serving replica must hold in memory to answer for an endpoint. */
export const Route = z.strictObject({
  deploymentId: Id,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  onnx: ObjectRef,
  sidecar: ObjectRef,
  dataset: Name,
  featureHash: Sha256,
})
export type Route = z.infer<typeof Route>

export const Endpoint = z.strictObject({
  name: Name,
  prepareRevision: z.int().nonnegative(),
  prepared: Route.nullable(),
  activeRevision: z.int().nonnegative(),
  active: Route.nullable(),
  updatedAt: Timestamp,
})
export type Endpoint = z.infer<typeof Endpoint>

export const Deployment = z.strictObject({
  id: Id,
  endpoint: Name,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  strategy: DeploymentStrategy,
  state: DeploymentState,
  step: z.string(),
  revision: z.int().nullable(),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Deployment = z.infer<typeof Deployment>

/** A serving process counts as live while its lease was renewed within this time. */
export const servingLeaseMs = 10_000
