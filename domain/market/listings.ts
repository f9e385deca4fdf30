/**
 * Where listings end. A ticker outlives its company: after a delisting or a rename, bars under the old ticker are those of
 * another company, and are never laid behind the first one's. A gap alone tells nothing (trading is suspended for a year
 * and more): see price-jumps.ts, which holds it for a person.
 */
import type { CorporateAction } from './actions.ts'

export type ListingEnd = CorporateAction & { kind: 'rename' | 'delisting' }

/** `listed` as far as the source has told. */
export type SymbolStatus =
  | { kind: 'listed' }
  | { kind: 'renamed'; on: string; to: string | undefined }
  | { kind: 'delisted'; on: string; delistingReturn: number | undefined; cash: number | undefined }

/** The first end of each symbol's listing. */
export function listingEnds(actions: readonly CorporateAction[]): Map<string, ListingEnd> {
  const ends = new Map<string, ListingEnd>()
  for (const action of actions) {
    const known = ends.get(action.symbol)
    if (isEnd(action) && (known === undefined || action.exDate < known.exDate)) ends.set(action.symbol, action)
  }
  return ends
}

/** Why a bar does not belong to its symbol's listing, or undefined. */
export function refuseAfterEnd({ symbol, session }: { symbol: string; session: string }, ends: ReadonlyMap<string, ListingEnd>) {
  const end = ends.get(symbol)
  if (end === undefined || session < end.exDate) return undefined
  const what = end.kind === 'rename' ? `was renamed${end.to === undefined ? '' : ` to ${end.to}`}` : 'was delisted'
  return `${symbol} ${what} on ${end.exDate}: a later bar is another company's, and needs a symbol of its own`
}

/**
 * What became of a symbol, of whose listing `end` is the end. A holder's return from the last close is the one that was
 * given, or the cash per share over that close; it is unknown, and not zero, when neither was told, or not the close.
 */
export function symbolStatus(end: ListingEnd | undefined, lastClose?: number): SymbolStatus {
  if (end === undefined) return { kind: 'listed' }
  if (end.kind === 'rename') return { kind: 'renamed', on: end.exDate, to: end.to }
  return { kind: 'delisted', on: end.exDate, delistingReturn: delistingReturn(end, lastClose), cash: end.cash }
}

const delistingReturn = ({ return: given, cash }: ListingEnd, lastClose: number | undefined): number | undefined =>
  given ?? (cash === undefined || lastClose === undefined ? undefined : cash / lastClose - 1)

const isEnd = (action: CorporateAction): action is ListingEnd => action.kind === 'rename' || action.kind === 'delisting'
