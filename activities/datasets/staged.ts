import { z } from 'zod'
import { BesideBars, CorporateAction, KnownAtBasis, PriceJump, SnapshotChunk, SnapshotManifest } from '#contracts/datasets.ts'
import { type ObjectRef, Sha256 } from '#contracts/references.ts'
import { Session } from '#contracts/words.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/** What an import leaves in the store for the steps after it: all of a snapshot but its name, and what clears its moves. */
export const StagedBars = z.strictObject({
  format: z.literal(3),
  knownAtBasis: KnownAtBasis,
  lastSession: Session,
  symbols: z.array(SnapshotManifest.shape.symbols.element.extend({ provenanceSha256: Sha256 })).min(1),
  chunks: z.array(SnapshotChunk).min(1),
  actions: z.array(CorporateAction),
  /** moves that the actions leave unexplained; what a person approved before is not in it */
  jumps: z.array(PriceJump),
  beside: BesideBars,
})
export type StagedBars = z.infer<typeof StagedBars>

/** Of staged bars the moves alone: the rest, some megabytes of a large market, is not looked at. */
export const StagedJumps = z.object({ jumps: StagedBars.shape.jumps })

/** The moves of staged bars, with the approvals that they carry. */
export const Examination = z.strictObject({ format: z.literal(2), jumps: z.array(PriceJump) })
export type Examination = z.infer<typeof Examination>

export async function getJson<T extends z.ZodType>(objects: ObjectStore, ref: ObjectRef, schema: T): Promise<z.infer<T>> {
  return schema.parse(JSON.parse(new TextDecoder().decode(await objects.get(ref))))
}
