/** Garbage collection: what nothing names any more is removed from the object store. */
import { z } from 'zod'
import { ObjectRef, Sha256 } from './references.ts'
import { Id, Name, RequestOrigin, Timestamp } from './words.ts'

/** Objects younger than the grace period are never removed, and what was a head within the kept days is history, not garbage. */
const Terms = { dryRun: z.boolean(), graceHours: z.number().min(1).max(8_760), keepDays: z.number().min(0).max(36_500) }

export const CollectRequest = z.strictObject({
  dryRun: Terms.dryRun.default(true),
  graceHours: Terms.graceHours.default(24),
  keepDays: Terms.keepDays.default(30),
})
export type CollectRequest = z.infer<typeof CollectRequest>

export const CollectInput = z.strictObject({ collectionId: Id, ...Terms, origin: RequestOrigin })
export type CollectInput = z.infer<typeof CollectInput>

export const CollectionState = z.enum(['running', 'pausing', 'paused', 'stopping', 'done', 'failed', 'stopped'])
export type CollectionState = z.infer<typeof CollectionState>

export const Tally = z.strictObject({ objects: z.int().nonnegative(), bytes: z.int().nonnegative(), snapshots: z.int().nonnegative() })
export type Tally = z.infer<typeof Tally>

/** Why something may go. */
export const GarbageReason = z.enum(['named-by-nothing', 'old-snapshot', 'finished-fit', 'lost-cache', 'unused-upload'])
export type GarbageReason = z.infer<typeof GarbageReason>

export const GarbageObject = z.strictObject({
  key: z.string(),
  bytes: z.int().nonnegative(),
  modifiedAt: Timestamp,
  reason: GarbageReason,
})
export type GarbageObject = z.infer<typeof GarbageObject>

/** What one collection found. Everything in it is looked at again before it goes. */
export const GarbagePlan = z.strictObject({
  format: z.literal(1),
  /** younger objects stay */
  olderThan: Timestamp,
  scanned: Tally,
  snapshots: z.array(z.strictObject({ dataset: Name, id: Sha256, lastHeadAt: Timestamp })),
  objects: z.array(GarbageObject),
})
export type GarbagePlan = z.infer<typeof GarbagePlan>

export const CollectResult = z.strictObject({
  collectionId: Id,
  state: CollectionState,
  found: Tally,
  removed: Tally,
})
export type CollectResult = z.infer<typeof CollectResult>

export const Collection = z.strictObject({
  id: Id,
  dryRun: z.boolean(),
  graceHours: z.number(),
  keepDays: z.number(),
  state: CollectionState,
  step: z.string(),
  plan: ObjectRef.nullable(),
  scanned: Tally.nullable(),
  found: Tally.nullable(),
  removed: Tally.nullable(),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Collection = z.infer<typeof Collection>
