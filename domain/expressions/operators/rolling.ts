/** Qlib's operators over time: shifts, rolling windows (min_periods=1) and the adjusted exponential mean. */
import { delta, shift } from '../kernels/shift.ts'
import { rollingMaximum, rollingMinimum } from '../kernels/rolling-extreme.ts'
import { rollingCount, rollingMean, rollingSum } from '../kernels/rolling-sum.ts'
import { rollingDeviation, rollingVariance } from '../kernels/rolling-variance.ts'
import { advanceWeightedMean, alphaOf, weightedMeanState } from '../kernels/weighted-mean.ts'
import { type Column, type Operator, type Parameter, type Rows, windowOf } from '../operator.ts'

const longest = 100_000
const series: Parameter = { kind: 'series' }
const values: Parameter = { kind: 'values' }

type Compute = (values: Column, setting: number) => Column

const define = (name: string, parameters: readonly Parameter[], rows: (setting: number) => Rows, compute: Compute): [string, Operator] => [
  name,
  {
    parameters,
    answers: 'series',
    kernel: { name, compute: ([operand], [setting]) => [compute(operand as Column, setting!)] },
    line: 0,
    rows: ([setting]) => rows(setting!),
    exact: false,
  },
]

const rolling = (name: string, least: number, compute: Compute) =>
  define(name, [values, windowOf(least)], (window) => ({ from: 1 - window, to: 0 }), compute)

/** rows back (Qlib's `Ref`); negative looks ahead, and 0, which is the first value of all in Qlib, is refused */
const shiftRows: Parameter = { kind: 'setting', name: 'shift', whole: true, least: -longest, most: longest, except: 0 }

/** rows, or the newest value's weight itself when it is below 1 */
const span: Parameter = { kind: 'setting', name: 'span', whole: false, least: Number.MIN_VALUE, most: longest }

export const overTime = new Map<string, Operator>([
  define('Ref', [series, shiftRows], (rows) => ({ from: -rows, to: -rows }), shift),
  define('Delta', [series, windowOf(1)], (rows) => ({ from: -rows, to: 0 }), delta),
  rolling('Mean', 1, rollingMean),
  rolling('Sum', 1, rollingSum),
  rolling('Std', 2, rollingDeviation),
  rolling('Var', 2, rollingVariance),
  rolling('Max', 1, rollingMaximum),
  rolling('Min', 1, rollingMinimum),
  rolling('Count', 1, rollingCount),
  define(
    'EMA',
    [values, span],
    (rows) => ({ from: rows < 1 ? 0 : 1 - Math.ceil(rows), to: 0, recursive: true }),
    (operand, rows) => {
      const out = new Float64Array(operand.length)
      advanceWeightedMean(weightedMeanState(alphaOf(rows)), operand, out)
      return out
    },
  ),
])
