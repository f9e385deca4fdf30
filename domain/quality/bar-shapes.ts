/**
 * Bars whose prices do not fit each other. The intake of rows refuses a close outside low to high; sources that are taken
 * as found do not pass it. What no rule of one bar can refuse is a high or low far from where the bar opened and closed.
 */
import type { BarColumns } from '../market/bars.ts'
import { thresholds } from './thresholds.ts'

export type BarShape = {
  symbol: string
  session: string
  kind: 'contradictory' | 'spike-up' | 'spike-down'
  open: number
  high: number
  low: number
  close: number
  /** how far beyond open and close, or beyond low and high, as a part of the price */
  beyond: number
}

/** A bar is listed once, for the first of: contradictory, spike up, spike down. Cost: linear. */
export function oddShapes(bars: BarColumns): BarShape[] {
  const found: BarShape[] = []
  for (let row = 0; row < bars.sessions.length; row++) {
    const [open, high, low, close] = [bars.open[row]!, bars.high[row]!, bars.low[row]!, bars.close[row]!]
    const [top, bottom] = [Math.max(open, close), Math.min(open, close)]
    const outside = Math.max(top / high, low / bottom, low / high)
    const shape =
      outside > 1 || bottom <= 0
        ? ({ kind: 'contradictory', beyond: Number.isFinite(outside) ? Math.abs(outside - 1) : 1 } as const)
        : Math.log(high / top) >= thresholds.splitSizedLog
          ? ({ kind: 'spike-up', beyond: high / top - 1 } as const)
          : Math.log(bottom / low) >= thresholds.splitSizedLog
            ? ({ kind: 'spike-down', beyond: 1 - low / bottom } as const)
            : undefined
    if (shape !== undefined) found.push({ symbol: bars.symbol, session: bars.sessions[row]!, ...shape, open, high, low, close })
  }
  return found
}
