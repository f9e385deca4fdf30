import { z } from 'zod'
import { CorporateAction, type PriceJump } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareText } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { deriveActions } from '#domain/market/derive-actions.ts'
import { priceFactors } from '#domain/market/factors.ts'
import { carryApprovals, findPriceJumps } from '#domain/market/price-jumps.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readManifest } from '../snapshots/manifest.ts'
import { getJson, putJson, readParts, StagedBars } from './staged.ts'

export type Examined = { examination: ObjectRef; jumps: PriceJump[] }

/**
 * Takes the source's own word on corporate actions, or derives them from the vendor's adjusted close, and looks for moves
 * that they leave unexplained. `parent` is the manifest of the dataset's head: what a person approved there stays approved.
 *
 * @throws QuantloopError source_malformed for a given action that cannot be: a dividend of more than the share was worth
 */
export async function examineBars(
  objects: ObjectStore,
  { staged, parent, cancelled }: { staged: ObjectRef; parent: ObjectRef | null; cancelled: AbortSignal },
): Promise<Examined> {
  const { parts, given } = await getJson(objects, staged, StagedBars)
  const told = given === undefined ? undefined : bySymbol(await getJson(objects, given, z.array(CorporateAction)))
  const actions: CorporateAction[] = []
  const jumps: PriceJump[] = []
  const earlier = parent === null ? [] : (await readManifest(objects, parent)).clearedJumps
  for await (const part of readParts(objects, parts)) {
    cancelled.throwIfAborted()
    for (const bars of part) {
      const known = told === undefined ? deriveActions(bars) : assertPossible(bars, told.get(bars.symbol) ?? [])
      actions.push(...known)
      jumps.push(...findJumps([bars], known, earlier))
    }
  }
  jumps.sort(compareJumps)
  return { examination: await putJson(objects, { format: 1, actions, jumps }), jumps }
}

function bySymbol(actions: readonly CorporateAction[]): Map<string, CorporateAction[]> {
  const found = new Map<string, CorporateAction[]>()
  for (const action of actions) {
    const known = found.get(action.symbol)
    if (known === undefined) found.set(action.symbol, [action])
    else known.push(action)
  }
  return found
}

function assertPossible(bars: BarColumns, actions: CorporateAction[]): CorporateAction[] {
  try {
    priceFactors(bars, actions)
    return actions
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new QuantloopError(
      'source_malformed',
      `an action that the source gives cannot be: ${error.message}`,
      { symbol: bars.symbol },
      { cause: error },
    )
  }
}

/** Moves that the actions leave unexplained, in order; those that a person approved in `earlier` stay approved. */
export const findJumps = (bars: readonly BarColumns[], actions: readonly CorporateAction[], earlier: readonly PriceJump[]): PriceJump[] =>
  carryApprovals(
    bars.flatMap((symbol) => findPriceJumps(symbol, actions)),
    earlier,
  ).sort(compareJumps)

const compareJumps = (a: PriceJump, b: PriceJump) => compareText(a.symbol, b.symbol) || compareText(a.session, b.session)
