/**
 * Corporate actions from the vendor's adjusted close. Between two sessions the adjusted close moves by the return of a
 * holder, the raw close by the price alone; their quotient is the step of the vendor's factor:
 *
 *   step = (adjustedClose[i] / adjustedClose[j]) / (close[i] / close[j])      j: the last session before i with both
 *
 * A step of 1 is no action. A step of at least 1.2, or below 1, that is a ratio of small numbers is a split (ratio =
 * step); any other step above 1 is a dividend of close[i−1] · (1 − 1/step) per share, special and ordinary alike.
 * Splits below 6:5 and stock dividends are told from cash by nothing in the series: they come out as dividends, with the
 * right price factor, and leave the volume as it is.
 *
 * Steps within the rounding of the printed prices are noise: that of the adjusted close always, that of the close unless
 * most steps show that the vendor adjusts the very closes that it prints. The size of a dividend is rounded to what those
 * digits can tell, four decimals at most, so that a vendor who restates the whole series by a constant changes nothing.
 * A step below 1 that is no reverse split, and a split-sized step that the raw close does not show, explain nothing and
 * are left to the jump check. Rows: ascending. Cost: linear.
 */
import type { CorporateAction } from './actions.ts'
import type { BarColumns } from './bars.ts'

/** Relative: above the noise of float32 series, far below the smallest dividend. */
const noise = 2e-5
/** Relative: float32 arithmetic on the printed close, and nothing else. */
const exactWithin = 2e-7
const splitFrom = 1.2
const splitTolerance = 5e-4
const largestDenominator = 5
const cashDecimals = 4

type Step = { row: number; step: number; change: number; adjustedRounding: number; closeRounding: number }

export function deriveActions(bars: BarColumns): CorporateAction[] {
  const { adjustedClose, close } = bars
  if (adjustedClose === undefined) return []
  const decimals = { adjustedClose: decimalsOf(adjustedClose), close: decimalsOf(close) }
  const steps = stepsOf(close, adjustedClose, decimals)
  const exact = steps.filter(({ step, adjustedRounding }) => Math.abs(step - 1) <= exactWithin + adjustedRounding)
  // a vendor who prints few digits cannot show what it adjusts
  const adjustsPrinted = decimals.adjustedClose > decimals.close + 1 && exact.length >= steps.length / 4
  const actions: CorporateAction[] = []
  for (const step of steps) {
    const rounding = step.adjustedRounding + (adjustsPrinted ? 0 : step.closeRounding)
    const claim = explain(step, rounding, close[step.row - 1]!)
    if (claim === undefined) continue
    actions.push({ symbol: bars.symbol, exDate: bars.sessions[step.row]!, ...claim, knownAt: bars.knownAt[step.row]!, basis: 'derived' })
  }
  return actions
}

/** Every step of the vendor's factor, with how much rounding alone can move it. */
function stepsOf(close: Float64Array, adjustedClose: Float64Array, decimals: { adjustedClose: number; close: number }): Step[] {
  const half = { adjustedClose: 10 ** -decimals.adjustedClose / 2, close: 10 ** -decimals.close / 2 }
  const steps: Step[] = []
  let before = -1
  for (let row = 0; row < close.length; row++) {
    if (Number.isNaN(adjustedClose[row])) continue
    if (before >= 0) {
      const change = close[row]! / close[before]!
      steps.push({
        row,
        change,
        step: adjustedClose[row]! / adjustedClose[before]! / change,
        adjustedRounding: half.adjustedClose * (1 / adjustedClose[row]! + 1 / adjustedClose[before]!),
        closeRounding: half.close * (1 / close[row]! + 1 / close[before]!),
      })
    }
    before = row
  }
  return steps
}

type Claim = { kind: 'split'; ratio: number } | { kind: 'dividend'; cash: number }

function explain({ step, change }: Step, rounding: number, previousClose: number): Claim | undefined {
  const tolerance = noise + rounding
  if (Math.abs(step - 1) <= tolerance) return undefined
  const splitSized = step >= splitFrom || step < 1
  if (splitSized && Math.abs(Math.log(step * change)) >= Math.abs(Math.log(change))) return undefined
  const ratio = splitSized ? smallRatio(step, Math.max(splitTolerance, tolerance)) : undefined
  if (ratio !== undefined) return { kind: 'split', ratio }
  if (step < 1) return undefined
  const decimals = Math.min(cashDecimals, Math.max(0, Math.ceil(-Math.log10(previousClose * rounding))))
  const cash = Number((previousClose * (1 - 1 / step)).toFixed(decimals))
  return cash > 0 && cash < previousClose ? { kind: 'dividend', cash } : undefined
}

/** p/q or q/p with the smallest q up to 5 that lies within a relative tolerance. */
function smallRatio(step: number, tolerance: number): number | undefined {
  const above = step < 1 ? 1 / step : step
  for (let q = 1; q <= largestDenominator; q++) {
    const p = Math.round(above * q)
    if (Math.abs(p / q / above - 1) <= tolerance && p !== q) return step < 1 ? q / p : p / q
  }
  return undefined
}

/** Decimals that a column is printed with, from cents up to eight. */
function decimalsOf(column: Float64Array): number {
  let decimals = 2
  for (const value of column) while (decimals < 8 && !Number.isNaN(value) && Number(value.toFixed(decimals)) !== value) decimals++
  return decimals
}
