import type { PriceJump } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { groupBy } from '#domain/group-by.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { openSnapshot } from '../snapshots/open-snapshot.ts'
import { type GroupOfBars, writeSnapshot } from '../snapshots/write-snapshot.ts'
import { Examination, getJson, readParts, StagedBars } from './staged.ts'

export type Composition = { staged: ObjectRef; examination: ObjectRef; approved: boolean; parent: ObjectRef | null; cancelled: AbortSignal }

/** Makes a snapshot of staged bars; of the head, which is `parent`, it keeps the chunks that are still true. */
export async function composeSnapshot(objects: ObjectStore, composition: Composition): Promise<ObjectRef> {
  const { approved, cancelled, parent } = composition
  const { parts, knownAtBasis, lastSession, beside } = await getJson(objects, composition.staged, StagedBars)
  const { actions, jumps } = await getJson(objects, composition.examination, Examination)
  const groups = groupBy(parts, ({ group }) => group)
  return await writeSnapshot(
    objects,
    {
      groups: [...groups].map(([group, own]) => ({ group, parts: partsOf(objects, own) })),
      knownAtBasis,
      lastSession,
      actions,
      clearedJumps: clearJumps(jumps, approved),
      beside,
    },
    { earlier: parent === null ? undefined : await openSnapshot(objects, parent), cancelled },
  )
}

/** Parts are asked for more than once; a group that is one part is kept meanwhile. */
function partsOf(objects: ObjectStore, own: StagedBars['parts']): GroupOfBars['parts'] {
  if (own.length > 1) return () => readParts(objects, own)
  let only: BarColumns[] | undefined
  return async function* () {
    if (only === undefined) for await (const part of readParts(objects, own)) only = part
    yield only!
  }
}

/** What the manifest says of moves: a person's approval clears those that nothing else did. */
export const clearJumps = (jumps: readonly PriceJump[], approved: boolean): PriceJump[] =>
  approved ? jumps.map((jump) => ({ ...jump, clearedBy: jump.clearedBy ?? 'approval' })) : [...jumps]
