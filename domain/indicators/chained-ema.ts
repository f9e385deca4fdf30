/**
 * EMAs of EMAs as in TA-Lib, each seeded with the first `period` values of the one before it: TA_DEMA (Mulloy 1994,
 * 2·e1 − e2), TA_TEMA (3·e1 − 3·e2 + e3), TA_T3 (Tillson 1998, of e3 to e6), TA_TRIX (rate of change of e3 over one row).
 * NaN for the first depth·(period − 1) rows, TRIX for one more. float64. Input: finite values. Cost: O(depth) a row.
 */
import { advanceEma, type EmaState, emaState } from './ema.ts'

/** All that a later row needs of the earlier ones. `last` is the deepest average of the row before. */
export type ChainState = { readonly period: number; rows: number; readonly stages: EmaState[]; last: number }

export const chainState = (period: number, depth: number): ChainState => ({
  period,
  rows: 0,
  stages: Array.from({ length: depth }, () => emaState(period)),
  last: 0,
})

export function advanceDema(state: ChainState, values: Float64Array, out: Float64Array): void {
  const [e1, e2] = advanceChain(state, values) as [Float64Array, Float64Array]
  for (let row = 0; row < out.length; row++) out[row] = 2 * e1[row]! - e2[row]!
}

export function advanceTema(state: ChainState, values: Float64Array, out: Float64Array): void {
  const [e1, e2, e3] = advanceChain(state, values) as [Float64Array, Float64Array, Float64Array]
  for (let row = 0; row < out.length; row++) out[row] = 3 * e1[row]! - 3 * e2[row]! + e3[row]!
}

/** `volume` is Tillson's factor: 0 is an EMA of an EMA of an EMA, 1 is a DEMA of a DEMA of a DEMA. */
export type T3State = ChainState & { readonly volume: number }

export const t3State = (period: number, volume: number): T3State => ({ ...chainState(period, 6), volume })

export function advanceT3(state: T3State, values: Float64Array, out: Float64Array): void {
  const { volume } = state
  const [, , e3, e4, e5, e6] = advanceChain(state, values) as [unknown, unknown, Float64Array, Float64Array, Float64Array, Float64Array]
  const square = volume * volume
  const c6 = -square * volume
  const c5 = 3 * (square - c6)
  const c4 = -6 * square - 3 * (volume - c6)
  const c3 = 1 + 3 * volume - c6 + 3 * square
  for (let row = 0; row < out.length; row++) out[row] = c6 * e6[row]! + c5 * e5[row]! + c4 * e4[row]! + c3 * e3[row]!
}

export function advanceTrix(state: ChainState, values: Float64Array, out: Float64Array): void {
  const first = firstRow(state) + 1 - state.rows
  let earlier = state.last
  const e3 = advanceChain(state, values).at(-1)!
  for (let row = 0; row < out.length; row++) {
    const change = earlier === 0 ? 0 : (e3[row]! / earlier - 1) * 100
    out[row] = row < first ? NaN : change
    earlier = e3[row]!
  }
}

/** One line a stage, each NaN until it has its first value. */
function advanceChain(state: ChainState, values: Float64Array): Float64Array[] {
  const { period, stages } = state
  const lines: Float64Array[] = []
  for (const [depth, stage] of stages.entries()) {
    const input = lines.at(-1) ?? values
    const line = new Float64Array(values.length)
    const unready = Math.max(0, Math.min(values.length, depth * (period - 1) - state.rows))
    line.fill(NaN, 0, unready)
    advanceEma(stage, input.subarray(unready), line.subarray(unready))
    lines.push(line)
  }
  state.rows += values.length
  if (values.length > 0 && state.rows > firstRow(state)) state.last = lines.at(-1)!.at(-1)!
  return lines
}

const firstRow = ({ period, stages }: ChainState) => stages.length * (period - 1)
