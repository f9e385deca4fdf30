import { z } from 'zod'
import { Command } from './commands.ts'
import { LabelDefinition } from './features.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { Id, Name, RequestOrigin, Timestamp } from './words.ts'

/** `immediate` switches once every replica is warm; `blue-green` then watches the gates; `canary` shifts traffic by steps. */
export const DeploymentStrategy = z.enum(['immediate', 'blue-green', 'canary'])
export type DeploymentStrategy = z.infer<typeof DeploymentStrategy>

/** This share of the requests for so long, in active time and with enough answers; then the gates decide. */
export const CanaryStep = z.strictObject({ share: z.number().gt(0).lt(1), seconds: z.number().min(0).max(604_800) })
export type CanaryStep = z.infer<typeof CanaryStep>

/** What the new version must keep to, measured beside the old one's answers of the same time. */
export const RolloutGates = z.strictObject({
  /** fewer answers of the new version decide nothing: inconclusive, which does not pass */
  minAnswers: z.int().min(1).max(1_000_000).default(100),
  /** failed over all requests, above the old version's rate */
  maxErrorRateIncrease: z.number().min(0).max(1).default(0.01),
  /** 99th percentile over the old version's, once it is above the floor */
  maxLatencyRatio: z.number().min(1).max(100).default(2),
  latencyFloorMs: z.number().min(0).max(60_000).default(20),
  /** of the mean answer, in standard deviations of the old version's answers */
  maxPredictionShift: z.number().gt(0).max(100).default(3),
})
export type RolloutGates = z.infer<typeof RolloutGates>

/** How a version comes to answer: its strategy, steps, gates, and who must say yes. */
export const RolloutPlan = z.strictObject({
  strategy: DeploymentStrategy.default('immediate'),
  steps: z
    .array(CanaryStep)
    .min(1)
    .max(20)
    .refine((steps) => steps.every(({ share }, index) => index === 0 || share > (steps[index - 1]?.share ?? 0)), 'shares must rise')
    .default([
      { share: 0.1, seconds: 60 },
      { share: 0.5, seconds: 60 },
    ]),
  /** after the switch the gates are watched for so long, in active time, and the old version stays warm */
  bakeSeconds: z.number().min(0).max(604_800).default(60),
  /** how long a step, or the bake, waits for enough answers before it is inconclusive */
  patienceSeconds: z.number().min(0).max(604_800).default(3_600),
  gates: RolloutGates.prefault({}),
  /** a person approves before the first request goes to the new version */
  approval: z.boolean().default(false),
})
export type RolloutPlan = z.infer<typeof RolloutPlan>

/** Input of `deployModel`. */
export const DeployModelInput = z.strictObject({
  deploymentId: Id,
  endpoint: Name,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  plan: RolloutPlan,
  /** the workflow that gets the signal `nudge` when the deployment has ended or become active */
  notify: z.string().min(1).max(300).optional(),
  origin: RequestOrigin,
})
export type DeployModelInput = z.infer<typeof DeployModelInput>

export const DeploymentState = z.enum([
  'running',
  'pausing',
  'paused',
  'awaiting_approval',
  'stopping',
  'active',
  'superseded',
  'rolled_back',
  'rejected',
  'refused',
  'failed',
  'stopped',
])
export type DeploymentState = z.infer<typeof DeploymentState>

const ModelRef = z.strictObject({ name: Name, version: z.int().positive() })

/** A deployment that failed is a failed workflow. */
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
  /** the endpoint's question: versions behind one endpoint answer the same */
  label: LabelDefinition,
})
export type Route = z.infer<typeof Route>

export const Endpoint = z.strictObject({
  name: Name,
  prepareRevision: z.int().nonnegative(),
  prepared: Route.nullable(),
  activeRevision: z.int().nonnegative(),
  active: Route.nullable(),
  /** of the requests, which `prepared` answers while it is a canary */
  share: z.number().min(0).max(1),
  /** what a rollback goes back to: replicas keep it in memory */
  previous: Route.nullable(),
  updatedAt: Timestamp,
})
export type Endpoint = z.infer<typeof Endpoint>

/** One decision of the gates of a rollout. */
export const GateReading = z.strictObject({
  step: z.string(),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  reason: z.string(),
  newAnswers: z.int().nonnegative(),
  oldAnswers: z.int().nonnegative(),
  newErrorRate: z.number(),
  oldErrorRate: z.number(),
  newLatencyP99Ms: z.number().nullable(),
  oldLatencyP99Ms: z.number().nullable(),
  nonFinite: z.int().nonnegative(),
  /** null when one side has answered too little to tell */
  predictionShift: z.number().nullable(),
  at: Timestamp,
})
export type GateReading = z.infer<typeof GateReading>

export const Deployment = z.strictObject({
  id: Id,
  endpoint: Name,
  model: z.strictObject({ name: Name, version: z.int().positive() }),
  strategy: DeploymentStrategy,
  plan: RolloutPlan,
  state: DeploymentState,
  step: z.string(),
  revision: z.int().nullable(),
  /** the deployment that it replaced, and that a rollback goes back to */
  predecessorId: Id.nullable(),
  /** what the gates said, in the order of time */
  gates: z.array(GateReading),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Deployment = z.infer<typeof Deployment>

/** Input of `rollBack`, which undoes a deployment that has no live workflow. */
export const RollBackInput = z.strictObject({ deploymentId: Id, endpoint: Name, command: Command })
export type RollBackInput = z.infer<typeof RollBackInput>

/** What a rollback came to. Asked twice, the second answer tells of the first. */
export const Rollback = z.strictObject({
  deploymentId: Id,
  endpoint: Name,
  /** false: it had been rolled back before, and nothing was done */
  doneNow: z.boolean(),
  /** what the endpoint answers with since, and by which revision; null when nothing was ever switched on */
  answers: z.strictObject({ deploymentId: Id, model: ModelRef, revision: z.int().positive() }).nullable(),
})
export type Rollback = z.infer<typeof Rollback>

/** A stretch of time in which an endpoint answered by one revision, shares of canaries aside. */
export const EndpointSpell = z.strictObject({
  deploymentId: Id,
  model: ModelRef,
  revision: z.int().positive(),
  /** `rollback`: it came back because another deployment was undone */
  began: z.enum(['activate', 'rollback']),
  by: z.string(),
  from: Timestamp,
  /** null while it lasts */
  to: Timestamp.nullable(),
})
export type EndpointSpell = z.infer<typeof EndpointSpell>

/**
 * Upper bounds of the buckets in which serving counts latencies, a quarter apart; what is slower falls into one more. A
 * 99th percentile read from them is off by a quarter at most.
 */
export const latencyBucketsMs: readonly number[] = Array.from({ length: 44 }, (_, index) => Number((0.5 * 1.25 ** index).toPrecision(4)))

/** A serving process counts as live while its lease was renewed within this time. */
export const servingLeaseMs = 10_000
