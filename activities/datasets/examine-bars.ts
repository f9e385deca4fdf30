import type { CorporateAction, PriceJump } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareText } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { deriveActions } from '#domain/market/derive-actions.ts'
import { carryApprovals, findPriceJumps } from '#domain/market/price-jumps.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readManifest } from '../snapshots/manifest.ts'
import { getJson, putJson, readParts, StagedBars } from './staged.ts'

export type Examined = { examination: ObjectRef; jumps: PriceJump[] }

/**
 * Derives corporate actions from the vendor's adjusted close and looks for moves that they leave unexplained. `parent`
 * is the manifest of the dataset's head: what a person approved there stays approved.
 */
export async function examineBars(
  objects: ObjectStore,
  { staged, parent, cancelled }: { staged: ObjectRef; parent: ObjectRef | null; cancelled: AbortSignal },
): Promise<Examined> {
  const { parts } = await getJson(objects, staged, StagedBars)
  const actions: CorporateAction[] = []
  const jumps: PriceJump[] = []
  const earlier = parent === null ? [] : (await readManifest(objects, parent)).clearedJumps
  for await (const part of readParts(objects, parts)) {
    cancelled.throwIfAborted()
    for (const bars of part) {
      const derived = deriveActions(bars)
      actions.push(...derived)
      jumps.push(...findJumps([bars], derived, earlier))
    }
  }
  jumps.sort(compareJumps)
  return { examination: await putJson(objects, { format: 1, actions, jumps }), jumps }
}

/** Moves that the actions leave unexplained, in order; those that a person approved in `earlier` stay approved. */
export const findJumps = (bars: readonly BarColumns[], actions: readonly CorporateAction[], earlier: readonly PriceJump[]): PriceJump[] =>
  carryApprovals(
    bars.flatMap((symbol) => findPriceJumps(symbol, actions)),
    earlier,
  ).sort(compareJumps)

const compareJumps = (a: PriceJump, b: PriceJump) => compareText(a.symbol, b.symbol) || compareText(a.session, b.session)
