/**
 * Moving average convergence divergence as TA-Lib's TA_MACD: fast EMA − slow EMA, its own EMA as the signal, and their
 * difference as the histogram. Both averages end their seeds on the same row, as in TA-Lib: the fast one is seeded with
 * the `fast` values up to row slow − 1. All three lines are NaN for the first slow + signal − 2 rows. Periods given the
 * wrong way round are swapped. float64. Input: finite values. Cost: O(1) a row.
 */
import { advanceEma, type EmaState, emaState, smoothing } from './ema.ts'

/** All that a later row needs of the earlier ones: a series cut anywhere gives the same bits. */
export type MacdState = { rows: number; fast: EmaState; slow: EmaState; signal: EmaState }

export function macdState(fast: number, slow: number, signal: number): MacdState {
  const [short, long] = fast <= slow ? [fast, slow] : [slow, fast]
  return { rows: 0, fast: emaState(short), slow: emaState(long), signal: emaState(signal) }
}

export type MacdLines = { line: Float64Array; signal: Float64Array; histogram: Float64Array }

/** Writes the next rows and moves the state past them. */
export function advanceMacd(state: MacdState, values: Float64Array, out: MacdLines): void {
  const rows = values.length
  const unseeded = within(state.slow.period + state.signal.period - 1 - state.rows, rows)
  if (unseeded > 0) seed(state, values.subarray(0, unseeded), linesOf(out, 0, unseeded))
  if (unseeded === 0) smooth(state, values, out)
  else smooth(state, values.subarray(unseeded), linesOf(out, unseeded, rows))
  state.rows += rows
}

/** Rows up to the one where the signal has its first value, average by average. */
function seed(
  { rows: before, fast, slow, signal }: MacdState,
  values: Float64Array,
  { line, signal: signalLine, histogram }: MacdLines,
): void {
  const rows = values.length
  // rows before the fast seed begins, then before both averages are there, then before the signal is
  const unseeded = within(slow.period - fast.period - before, rows)
  const unready = within(slow.period - 1 - before, rows)
  const unsignalled = within(slow.period + signal.period - 2 - before, rows)
  advanceEma(slow, values, line)
  advanceEma(fast, values.subarray(unseeded), signalLine.subarray(unseeded))
  for (let row = unready; row < rows; row++) line[row] = signalLine[row]! - line[row]!
  advanceEma(signal, line.subarray(unready), signalLine.subarray(unready))
  for (let row = unsignalled; row < rows; row++) histogram[row] = line[row]! - signalLine[row]!
  for (const lines of [line, signalLine, histogram]) lines.fill(NaN, 0, unsignalled)
}

/** The same arithmetic once all three averages run, in one pass: they do not wait for each other. */
function smooth(state: MacdState, values: Float64Array, out: MacdLines): void {
  const rows = values.length
  const inFours = rows - (rows % 4)
  const averages: Averages = { fast: state.fast.value, slow: state.slow.value, signal: state.signal.value }
  smoothByFours(state, averages, values, inFours, out)
  smoothRows(state, averages, values, inFours, out)
  for (const name of ['fast', 'slow', 'signal'] as const) {
    state[name].value = averages[name]
    state[name].rows += rows
  }
}

type Averages = { fast: number; slow: number; signal: number }

/** Four rows a turn, and nothing else in the function: see docs/decisions/0030-kernels-by-fours.md. */
function smoothByFours(
  { fast, slow, signal }: MacdState,
  averages: Averages,
  values: Float64Array,
  rows: number,
  { line, signal: signalLine, histogram }: MacdLines,
): void {
  const fastK = smoothing(fast.period)
  const slowK = smoothing(slow.period)
  const signalK = smoothing(signal.period)
  const fastKeep = 1 - fastK
  const slowKeep = 1 - slowK
  const signalKeep = 1 - signalK
  let f = averages.fast
  let s = averages.slow
  let g = averages.signal
  for (let row = 0; row < rows; row += 4) {
    const value0 = values[row]!
    const value1 = values[row + 1]!
    const value2 = values[row + 2]!
    const value3 = values[row + 3]!
    const f0 = f * fastKeep + value0 * fastK
    const f1 = f0 * fastKeep + value1 * fastK
    const f2 = f1 * fastKeep + value2 * fastK
    f = f2 * fastKeep + value3 * fastK
    const s0 = s * slowKeep + value0 * slowK
    const s1 = s0 * slowKeep + value1 * slowK
    const s2 = s1 * slowKeep + value2 * slowK
    s = s2 * slowKeep + value3 * slowK
    const line0 = f0 - s0
    const line1 = f1 - s1
    const line2 = f2 - s2
    const line3 = f - s
    line[row] = line0
    line[row + 1] = line1
    line[row + 2] = line2
    line[row + 3] = line3
    const g0 = g * signalKeep + line0 * signalK
    const g1 = g0 * signalKeep + line1 * signalK
    const g2 = g1 * signalKeep + line2 * signalK
    g = g2 * signalKeep + line3 * signalK
    signalLine[row] = g0
    signalLine[row + 1] = g1
    signalLine[row + 2] = g2
    signalLine[row + 3] = g
    histogram[row] = line0 - g0
    histogram[row + 1] = line1 - g1
    histogram[row + 2] = line2 - g2
    histogram[row + 3] = line3 - g
  }
  averages.fast = f
  averages.slow = s
  averages.signal = g
}

/** The rest, row by row. */
function smoothRows(
  { fast, slow, signal }: MacdState,
  averages: Averages,
  values: Float64Array,
  from: number,
  { line, signal: signalLine, histogram }: MacdLines,
): void {
  for (let row = from; row < values.length; row++) {
    averages.fast = step(averages.fast, values[row]!, smoothing(fast.period))
    averages.slow = step(averages.slow, values[row]!, smoothing(slow.period))
    const difference = averages.fast - averages.slow
    averages.signal = step(averages.signal, difference, smoothing(signal.period))
    line[row] = difference
    signalLine[row] = averages.signal
    histogram[row] = difference - averages.signal
  }
}

const step = (value: number, next: number, k: number) => value * (1 - k) + next * k

const linesOf = ({ line, signal, histogram }: MacdLines, from: number, to: number): MacdLines => ({
  line: line.subarray(from, to),
  signal: signal.subarray(from, to),
  histogram: histogram.subarray(from, to),
})

export function macd(values: Float64Array, fast: number, slow: number, signal: number): MacdLines {
  const rows = values.length
  const lines = { line: new Float64Array(rows), signal: new Float64Array(rows), histogram: new Float64Array(rows) }
  advanceMacd(macdState(fast, slow, signal), values, lines)
  return lines
}

const within = (row: number, rows: number) => Math.max(0, Math.min(row, rows))
