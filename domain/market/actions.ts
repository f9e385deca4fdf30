/** An event between bars, in the shape of the contract of the same name. */
export type CorporateAction = {
  symbol: string
  /** the first session that trades without the claim */
  exDate: string
  kind: 'split' | 'dividend' | 'rename' | 'delisting'
  /** new shares for one old */
  ratio?: number | undefined
  /** per share held before the ex-date */
  cash?: number | undefined
  /** the ticker that a renamed company trades under from then on */
  to?: string | undefined
  /** of a delisted share, from its last close to what its holder received */
  return?: number | undefined
  knownAt: string
  basis: 'given' | 'derived'
}

/** One order for all: by symbol, ex-date, kind, size. */
export const compareActions = (a: CorporateAction, b: CorporateAction) =>
  compareText(a.symbol, b.symbol) ||
  compareText(a.exDate, b.exDate) ||
  compareText(a.kind, b.kind) ||
  (a.ratio ?? 0) - (b.ratio ?? 0) ||
  (a.cash ?? 0) - (b.cash ?? 0) ||
  compareText(a.to ?? '', b.to ?? '') ||
  (a.return ?? 0) - (b.return ?? 0)

/** By code unit: the same on every machine, whatever its locale. */
export const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
