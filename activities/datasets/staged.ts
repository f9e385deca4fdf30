import { z } from 'zod'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { BesideBars, CorporateAction, KnownAtBasis, PriceJump } from '#contracts/datasets.ts'
import { ObjectRef } from '#contracts/references.ts'
import { Session, Ticker } from '#contracts/words.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/** What an import leaves in the store for the steps after it: rows that were taken, one part a group of symbols. */
export const StagedBars = z.strictObject({
  format: z.literal(1),
  knownAtBasis: KnownAtBasis,
  groups: z.int().positive(),
  lastSession: Session,
  rows: z.int().positive(),
  symbols: z.int().positive(),
  /** a list of actions: the source's own word; absent when it has none */
  given: ObjectRef.optional(),
  beside: BesideBars,
  parts: z.array(z.strictObject({ object: ObjectRef, group: z.int().nonnegative(), symbols: z.array(Ticker).min(1) })).min(1),
})
export type StagedBars = z.infer<typeof StagedBars>

/** What the bars show: the actions that explain them, and the moves that nothing explains. */
export const Examination = z.strictObject({ format: z.literal(1), actions: z.array(CorporateAction), jumps: z.array(PriceJump) })
export type Examination = z.infer<typeof Examination>

export const putJson = (objects: ObjectStore, value: unknown) => objects.put(new TextEncoder().encode(canonicalJson(value)), 'json')

export async function getJson<T extends z.ZodType>(objects: ObjectStore, ref: ObjectRef, schema: T): Promise<z.infer<T>> {
  return schema.parse(JSON.parse(new TextDecoder().decode(await objects.get(ref))))
}
