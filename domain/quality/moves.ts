/**
 * Returns that stand out of a symbol's own history, and moves of the raw price that are as large as a split.
 *
 *   return[i] = log(close[i] · factor[i] / (close[i−1] · factor[i−1]))        after the known actions
 *   z[i]      = (return[i] − median) / (1.4826 · MAD)                         by `robustScale`
 *
 * A move is listed when |z| reaches `outlierZ`, or when the raw close changes by a split's size. Where fewer than
 * `outlierReturns` returns are known, or most of them are equal, there is no z. Cost: two sorts of the returns.
 */
import type { BarColumns } from '../market/bars.ts'
import type { PriceJump } from '../market/price-jumps.ts'
import { robustScale } from './robust-scale.ts'
import { thresholds } from './thresholds.ts'

export type Move = {
  symbol: string
  session: string
  previousClose: number
  close: number
  /** close / previousClose − 1, raw */
  change: number
  /** of the return after actions; null where there is no scale to measure it by */
  z: number | null
  splitSized: boolean
  /** what says that it is real: a known action, the vendor's adjusted close or prices, or a person */
  explainedBy: 'action' | 'adjusted-close' | 'adjusted-prices' | 'approval' | null
  /** the next session's raw close takes it back: more likely a wrong price than news, whoever else tells of it */
  reverses: boolean
}

/** `largestZ` is of all returns, listed or not; null where there is no scale. */
export type ExaminedMoves = { moves: Move[]; largestZ: number | null }

/** `factors` are the symbol's price factors, one a row; `cleared` the jumps that the sync has cleared, of any symbols. */
export function examineMoves(bars: BarColumns, factors: Float64Array, cleared: readonly PriceJump[]): ExaminedMoves {
  const { symbol, sessions, close } = bars
  const returns = logReturns(close, factors)
  const scale = close.length > thresholds.outlierReturns ? robustScale(returns.subarray(1)) : undefined
  const zOf = (row: number) => (scale === undefined || scale.scale === 0 ? null : (returns[row]! - scale.median) / scale.scale)
  const clearedBy = new Map(cleared.filter((jump) => jump.symbol === symbol).map((jump) => [jump.session, jump.clearedBy]))

  const moves: Move[] = []
  let largestZ: number | null = null
  for (let row = 1; row < close.length; row++) {
    // a price that is not above zero has no return: it is among the odd bars
    if (!Number.isFinite(returns[row])) continue
    const z = zOf(row)
    if (z !== null && Math.abs(z) > Math.abs(largestZ ?? 0)) largestZ = z
    const raw = Math.log(close[row]! / close[row - 1]!)
    const splitSized = Math.abs(raw) >= thresholds.splitSizedLog
    if (!splitSized && !(z !== null && Math.abs(z) >= thresholds.outlierZ)) continue
    // the way back is told with the way there
    if (moves.at(-1)?.reverses === true && moves.at(-1)?.session === sessions[row - 1]) continue
    const explained = splitSized && Math.abs(returns[row]!) < thresholds.splitSizedLog
    moves.push({
      symbol,
      session: sessions[row]!,
      previousClose: close[row - 1]!,
      close: close[row]!,
      change: close[row]! / close[row - 1]! - 1,
      z,
      splitSized,
      explainedBy: explained ? 'action' : (clearedBy.get(sessions[row]!) ?? null),
      reverses: takesBack(raw, Math.log((close[row + 1] ?? Number.NaN) / close[row]!)),
    })
  }
  return { moves, largestZ }
}

/** NaN in the first row. */
export function logReturns(close: Float64Array, factors: Float64Array): Float64Array {
  const returns = new Float64Array(close.length).fill(Number.NaN)
  for (let row = 1; row < close.length; row++)
    returns[row] = Math.log((close[row]! * factors[row]!) / (close[row - 1]! * factors[row - 1]!))
  return returns
}

/** False where there is no next. */
const takesBack = (move: number, next: number) => Math.abs(move + next) <= thresholds.reversalPart * Math.abs(move)

/** Only a person's word clears a move that was taken back: a vendor's wrong price is in its adjusted series too. */
export const isReversal = ({ reverses, explainedBy }: Move): boolean => reverses && explainedBy !== 'approval'

/** What is likely a wrong price first, then what nothing explains, then by size. */
export const compareMoves = (a: Move, b: Move) =>
  suspicion(b) - suspicion(a) ||
  sizeOf(b) - sizeOf(a) ||
  (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.session < b.session ? -1 : 1)

const suspicion = (move: Move) => (isReversal(move) ? 3 : move.explainedBy !== null ? 0 : move.splitSized ? 2 : 1)

const sizeOf = ({ change, z }: Move) => Math.abs(z ?? 0) || Math.abs(change)
