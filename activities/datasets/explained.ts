import type { CorporateAction, PriceJump } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { groupBy } from '#domain/group-by.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { deriveActions } from '#domain/market/derive-actions.ts'
import { priceFactors } from '#domain/market/factors.ts'
import { findPriceJumps } from '#domain/market/price-jumps.ts'
import { type DescribedSymbol, describeSymbol } from '../snapshots/write-snapshot.ts'
import type { Connector } from './connector.ts'

/**
 * What the bars of each symbol show as they pass by: the source's own word on corporate actions, or those that the vendor's
 * adjusted close tells; moves that they leave unexplained; and the symbol's identity.
 */
export class Explained {
  readonly symbols: DescribedSymbol[] = []
  readonly actions: CorporateAction[] = []
  readonly jumps: PriceJump[] = []
  private readonly told: ReadonlyMap<string, CorporateAction[]> | undefined
  private readonly source: Pick<Connector, 'knownAtBasis' | 'adjusted'>

  /** `told` are all actions of the source, or undefined when it has no word on them. */
  constructor(told: readonly CorporateAction[] | undefined, source: Pick<Connector, 'knownAtBasis' | 'adjusted'>) {
    this.told = told && groupBy(told, ({ symbol }) => symbol)
    this.source = source
  }

  /** @throws QuantloopError source_malformed for a given action that cannot be: a dividend of more than the share was worth */
  look(bars: BarColumns): void {
    const actions = this.told === undefined ? deriveActions(bars) : assertPossible(bars, this.told.get(bars.symbol) ?? [])
    this.actions.push(...actions)
    for (const jump of findPriceJumps(bars, actions))
      this.jumps.push(jump.clearedBy !== undefined && this.source.adjusted === true ? { ...jump, clearedBy: 'adjusted-prices' } : jump)
    this.symbols.push(describeSymbol(bars, actions, this.source.knownAtBasis))
  }
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
