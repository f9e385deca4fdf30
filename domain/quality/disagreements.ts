/**
 * The vendor's adjusted close as a check of our actions: both tell a holder's return, so that the two differ only where
 * one side knows an action that the other does not, or where one of the prices is wrong.
 */
import type { BarColumns } from '../market/bars.ts'
import { logReturns } from './moves.ts'
import { thresholds } from './thresholds.ts'

/** Returns as parts of the price, from the session before with both. */
export type Disagreement = { symbol: string; session: string; ours: number; vendors: number }

/** None where the vendor gives no adjusted close. Cost: linear. */
export function disagreements({ symbol, sessions, close, adjustedClose }: BarColumns, factors: Float64Array): Disagreement[] {
  if (adjustedClose === undefined) return []
  const ours = logReturns(close, factors)
  const vendors = logReturns(adjustedClose, new Float64Array(close.length).fill(1))
  return sessions.flatMap((session, row) =>
    Math.abs(ours[row]! - vendors[row]!) > thresholds.disagreementLog
      ? [{ symbol, session, ours: Math.expm1(ours[row]!), vendors: Math.expm1(vendors[row]!) }]
      : [],
  )
}
