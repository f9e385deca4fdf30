import type { PriceJump } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { writeSnapshot } from '../snapshots/write-snapshot.ts'
import { Examination, getJson, StagedBars } from './staged.ts'

export type Composition = { staged: ObjectRef; examination: ObjectRef; approved: boolean; cancelled: AbortSignal }

/** Makes a snapshot of staged bars: their chunks are stored already, and the manifest makes them one. */
export async function composeSnapshot(objects: ObjectStore, { staged, examination, approved, cancelled }: Composition): Promise<ObjectRef> {
  const { format: _, ...content } = await getJson(objects, staged, StagedBars)
  const { jumps } = await getJson(objects, examination, Examination)
  cancelled.throwIfAborted()
  return await writeSnapshot(objects, { ...content, clearedJumps: clearJumps(jumps, approved) })
}

/** What the manifest says of moves: a person's approval clears those that nothing else did. */
export const clearJumps = (jumps: readonly PriceJump[], approved: boolean): PriceJump[] =>
  approved ? jumps.map((jump) => ({ ...jump, clearedBy: jump.clearedBy ?? 'approval' })) : [...jumps]
