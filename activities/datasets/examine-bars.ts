import type { PriceJump } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareText } from '#domain/market/actions.ts'
import { carryApprovals } from '#domain/market/price-jumps.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { readManifest } from '../snapshots/read-manifest.ts'
import { getJson, StagedJumps } from './staged.ts'

export type Examined = { examination: ObjectRef; jumps: PriceJump[] }

/** What of the moves in staged bars is left for a person. `parent` is the dataset's head: what was approved there stays approved. */
export async function examineBars(
  objects: ObjectStore,
  { staged, parent, cancelled }: { staged: ObjectRef; parent: ObjectRef | null; cancelled: AbortSignal },
): Promise<Examined> {
  const { jumps: found } = await getJson(objects, staged, StagedJumps)
  cancelled.throwIfAborted()
  const jumps = inOrder(carryApprovals(found, parent === null ? [] : (await readManifest(objects, parent)).clearedJumps))
  return { examination: await putJson(objects, { format: 2, jumps }), jumps }
}

/** One order for all. */
export const inOrder = (jumps: readonly PriceJump[]): PriceJump[] =>
  [...jumps].sort((a, b) => compareText(a.symbol, b.symbol) || compareText(a.session, b.session))
