/**
 * Moves that look like a split and that no action explains. Splits of 4:3 and more change a price by a quarter down or a
 * third up; a move of that size in the close, after the known actions are taken out, is a jump. So is one in the vendor's
 * adjusted close that the raw close does not show. A jump is cleared when both series tell the same move: then the
 * vendor, who knows the actions, knows of none (AAPL fell 52 % on 2000-09-29, really).
 *
 * More than a year without a bar counts as a jump too, of any size: a suspended share, or another company under the same
 * ticker. A vendor who adjusts one series across it has kept the two for one listing. Cost: linear.
 */
import type { CorporateAction } from './actions.ts'
import type { BarColumns } from './bars.ts'
import { priceFactors } from './factors.ts'
import { daysOf } from './session-days.ts'

export type PriceJump = {
  symbol: string
  session: string
  previousClose: number
  close: number
  /** close / previousClose − 1 */
  change: number
  gapDays?: number | undefined
  clearedBy?: 'adjusted-close' | 'adjusted-prices' | 'approval' | undefined
}

const splitSized = Math.log(4 / 3)
/** Two series tell the same move when their log changes differ by less. */
const agreement = 0.01
const longestGapDays = 366

export function findPriceJumps(bars: BarColumns, actions: readonly CorporateAction[]): PriceJump[] {
  const { close, adjustedClose } = bars
  const factors = priceFactors(bars, actions)
  const days = daysOf(bars.sessions)
  const jumps: PriceJump[] = []
  for (let row = 1; row < close.length; row++) {
    const gapDays = days[row]! - days[row - 1]!
    const ours = Math.log((close[row]! * factors[row]!) / (close[row - 1]! * factors[row - 1]!))
    const vendors = adjustedClose === undefined ? Number.NaN : Math.log(adjustedClose[row]! / adjustedClose[row - 1]!)
    // a comparison with NaN, where the vendor says nothing, is false
    if (Math.abs(ours) < splitSized && !(Math.abs(vendors) >= splitSized) && gapDays <= longestGapDays) continue
    const cleared = Math.abs(ours - vendors) <= agreement
    jumps.push({
      symbol: bars.symbol,
      session: bars.sessions[row]!,
      previousClose: close[row - 1]!,
      close: close[row]!,
      change: close[row]! / close[row - 1]! - 1,
      ...(gapDays > longestGapDays ? { gapDays } : {}),
      ...(cleared ? { clearedBy: 'adjusted-close' as const } : {}),
    })
  }
  return jumps
}

/** Jumps that a person approved in an earlier snapshot, with the same closes, need no second approval. */
export function carryApprovals(jumps: readonly PriceJump[], earlier: readonly PriceJump[]): PriceJump[] {
  const key = (jump: PriceJump) => `${jump.symbol} ${jump.session} ${jump.previousClose} ${jump.close}`
  const approved = new Set(earlier.filter((jump) => jump.clearedBy === 'approval').map(key))
  return jumps.map((jump) => (jump.clearedBy === undefined && approved.has(key(jump)) ? { ...jump, clearedBy: 'approval' } : jump))
}
