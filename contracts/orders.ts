import { z } from 'zod'
import { Command } from './commands.ts'
import { UniverseName } from './datasets.ts'
import { SetRegistration } from './feature-sets.ts'
import { LabelDefinition } from './features.ts'
import { Sha256 } from './references.ts'
import { CreateScheduleRequest } from './schedules.ts'
import { TagName } from './snapshots.ts'
import { FeatureSetReference, Id, Line, Name, Timestamp } from './words.ts'

/** A change of the domain that no running process is there to take: what `applyCommand` applies. */
export const Order = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal('acknowledge-alert'), alertId: Id }),
  z.strictObject({ verb: z.literal('create-schedule'), schedule: CreateScheduleRequest }),
  z.strictObject({ verb: z.literal('pause-schedule'), name: Name }),
  z.strictObject({ verb: z.literal('resume-schedule'), name: Name }),
  z.strictObject({ verb: z.literal('trigger-schedule'), name: Name }),
  z.strictObject({ verb: z.literal('backfill-schedule'), name: Name, from: Timestamp, to: Timestamp }),
  z.strictObject({ verb: z.literal('delete-schedule'), name: Name }),
  z.strictObject({ verb: z.literal('tag-snapshot'), dataset: Name, tag: TagName, snapshotId: Sha256 }),
  z.strictObject({ verb: z.literal('untag-snapshot'), dataset: Name, tag: TagName }),
  z.strictObject({ verb: z.literal('note-snapshot'), dataset: Name, snapshotId: Sha256, note: Line.max(2_000) }),
  z.strictObject({ verb: z.literal('roll-back-dataset'), dataset: Name, from: Sha256, to: Sha256 }),
  z.strictObject({
    verb: z.literal('follow-dataset'),
    dataset: Name,
    definitionHash: Sha256,
    featureSet: FeatureSetReference,
    label: LabelDefinition,
    universe: UniverseName.optional(),
  }),
  z.strictObject({ verb: z.literal('unfollow-dataset'), dataset: Name, definitionHash: Sha256 }),
  z.strictObject({
    verb: z.literal('accept-feature-check'),
    buildId: Sha256,
    engineVersion: z.string(),
    reason: Line.min(1).max(500),
  }),
  z.strictObject({ verb: z.literal('register-feature-set'), set: SetRegistration }),
])
export type Order = z.infer<typeof Order>

export const ApplyCommandInput = z.strictObject({ order: Order, command: Command })
export type ApplyCommandInput = z.infer<typeof ApplyCommandInput>
