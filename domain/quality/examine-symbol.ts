import type { CorporateAction } from '../market/actions.ts'
import type { BarColumns } from '../market/bars.ts'
import { priceFactors } from '../market/factors.ts'
import type { PriceJump } from '../market/price-jumps.ts'
import { type BarShape, oddShapes } from './bar-shapes.ts'
import { type Disagreement, disagreements } from './disagreements.ts'
import { examineMoves, type Move } from './moves.ts'
import { type StaleRun, staleRuns, type ZeroVolume, zeroVolume } from './stale-runs.ts'

/** What one symbol's own bars show; what other symbols are needed for, gaps above all, comes later. */
export type ExaminedSymbol = {
  moves: Move[]
  largestZ: number | null
  stale: StaleRun[]
  zeroVolume: ZeroVolume | undefined
  shapes: BarShape[]
  disagreements: Disagreement[]
  /** why the actions cannot be applied: then the moves are of raw prices */
  unusableActions: string | null
  status: 'listed' | 'delisted' | 'renamed'
}

/** `actions` are the symbol's own. Cost: linear but for two sorts of the returns. */
export function examineSymbol(bars: BarColumns, actions: readonly CorporateAction[], cleared: readonly PriceJump[]): ExaminedSymbol {
  const { factors, unusableActions } = factorsOf(bars, actions)
  return {
    ...examineMoves(bars, factors, cleared),
    stale: staleRuns(bars),
    zeroVolume: zeroVolume(bars),
    shapes: oddShapes(bars),
    disagreements: disagreements(bars, factors),
    unusableActions,
    status: statusOf(actions),
  }
}

function factorsOf(bars: BarColumns, actions: readonly CorporateAction[]) {
  try {
    return { factors: priceFactors(bars, actions), unusableActions: null }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { factors: new Float64Array(bars.close.length).fill(1), unusableActions: error.message }
  }
}

const statusOf = (actions: readonly CorporateAction[]) =>
  actions.some(({ kind }) => kind === 'delisting') ? 'delisted' : actions.some(({ kind }) => kind === 'rename') ? 'renamed' : 'listed'
