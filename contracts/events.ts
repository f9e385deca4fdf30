/**
 * What those hear who follow something over time. `sequence` rises from message to message and says where a follower
 * stands: who was cut off asks for what comes after it.
 */
import { z } from 'zod'
import { DeploymentState, GateReading } from './deployments.ts'
import { BuildState, ShardCount } from './features.ts'
import { ProgressPoint, TrainingState } from './training.ts'

const sequence = z.int().positive()

/** `state` tells how the run stands; states that came and went between two looks are left out. */
export const TrainingEvent = z.discriminatedUnion('kind', [
  z.strictObject({ sequence, kind: z.literal('progress'), point: ProgressPoint }),
  z.strictObject({
    sequence,
    kind: z.literal('state'),
    state: TrainingState,
    step: z.string(),
    pausedBy: z.string().nullable(),
    modelVersion: z.int().positive().nullable(),
    failure: z.string().nullable(),
  }),
])
export type TrainingEvent = z.infer<typeof TrainingEvent>

export const DeploymentEvent = z.discriminatedUnion('kind', [
  z.strictObject({ sequence, kind: z.literal('gate'), reading: GateReading }),
  z.strictObject({
    sequence,
    kind: z.literal('state'),
    state: DeploymentState,
    step: z.string(),
    pausedBy: z.string().nullable(),
    revision: z.int().nullable(),
    failure: z.string().nullable(),
  }),
])
export type DeploymentEvent = z.infer<typeof DeploymentEvent>

/** `progress` tells how many shards are there by now: counts that came and went between two looks are left out, as states are. */
export const BuildEvent = z.discriminatedUnion('kind', [
  z.strictObject({ sequence, kind: z.literal('progress'), shards: ShardCount }),
  z.strictObject({
    sequence,
    kind: z.literal('state'),
    state: BuildState,
    step: z.string(),
    pausedBy: z.string().nullable(),
    failure: z.string().nullable(),
  }),
])
export type BuildEvent = z.infer<typeof BuildEvent>

/** Why the server ends a connection of followers, beside 1000 after the last event: WebSocket close codes. */
export const closeCodes = { ended: 1000, keyRevoked: 1008, restarting: 1012, tryAgain: 1013 } as const
