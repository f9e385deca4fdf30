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
  seed(state, values.subarray(0, unseeded), linesOf(out, 0, unseeded))
  smooth(state, values.subarray(unseeded), linesOf(out, unseeded, rows))
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
function smooth({ fast, slow, signal }: MacdState, values: Float64Array, { line, signal: signalLine, histogram }: MacdLines): void {
  const [fastK, slowK, signalK] = [smoothing(fast.period), smoothing(slow.period), smoothing(signal.period)]
  const [fastKeep, slowKeep, signalKeep] = [1 - fastK, 1 - slowK, 1 - signalK]
  let [fastValue, slowValue, signalValue] = [fast.value, slow.value, signal.value]
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    fastValue = fastValue * fastKeep + value * fastK
    slowValue = slowValue * slowKeep + value * slowK
    const difference = fastValue - slowValue
    signalValue = signalValue * signalKeep + difference * signalK
    line[row] = difference
    signalLine[row] = signalValue
    histogram[row] = difference - signalValue
  }
  Object.assign(fast, { value: fastValue, rows: fast.rows + values.length })
  Object.assign(slow, { value: slowValue, rows: slow.rows + values.length })
  Object.assign(signal, { value: signalValue, rows: signal.rows + values.length })
}

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
