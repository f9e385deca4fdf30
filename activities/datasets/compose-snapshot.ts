import type { PriceJump } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readBarFiles } from '../snapshots/bar-files.ts'
import { openSnapshot } from '../snapshots/open-snapshot.ts'
import { writeSnapshot } from '../snapshots/write-snapshot.ts'
import { Examination, getJson, StagedBars } from './staged.ts'

export type Composition = { staged: ObjectRef; examination: ObjectRef; approved: boolean; parent: ObjectRef | null; cancelled: AbortSignal }

/** Makes a snapshot of staged bars; of the head, which is `parent`, it keeps the chunks that are still true. */
export async function composeSnapshot(objects: ObjectStore, composition: Composition): Promise<ObjectRef> {
  const { approved, cancelled, parent } = composition
  const { parts, knownAtBasis, lastSession, beside } = await getJson(objects, composition.staged, StagedBars)
  const { actions, jumps } = await getJson(objects, composition.examination, Examination)
  const groups = async function* () {
    for (const { object, group } of parts) yield { group, bars: [...(await readBarFiles([await objects.file(object)])).values()] }
  }
  return await writeSnapshot(
    objects,
    { groups: groups(), knownAtBasis, lastSession, actions, clearedJumps: clearJumps(jumps, approved), beside },
    { earlier: parent === null ? undefined : await openSnapshot(objects, parent), cancelled },
  )
}

/** What the manifest says of moves: a person's approval clears those that nothing else did. */
export const clearJumps = (jumps: readonly PriceJump[], approved: boolean): PriceJump[] =>
  approved ? jumps.map((jump) => ({ ...jump, clearedBy: jump.clearedBy ?? 'approval' })) : [...jumps]
