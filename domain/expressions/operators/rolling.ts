/** Qlib's operators over time: shifts, rolling windows (min_periods=1) and the adjusted exponential mean. */
import { delta, shift } from '../kernels/shift.ts'
import { rollingCorrelation, rollingCovariance } from '../kernels/rolling-correlation.ts'
import { maximumPlace, minimumPlace, rollingMaximum, rollingMinimum } from '../kernels/rolling-extreme.ts'
import { rollingMeanDistance } from '../kernels/rolling-mean-distance.ts'
import { rollingKurtosis, rollingSkewness } from '../kernels/rolling-moments.ts'
import { rankOfNewest, rollingOrder } from '../kernels/rolling-order.ts'
import { rollingRegression } from '../kernels/rolling-regression.ts'
import { rollingCount, rollingMean, rollingSum } from '../kernels/rolling-sum.ts'
import { rollingDeviation, rollingVariance } from '../kernels/rolling-variance.ts'
import { rollingWeightedMean } from '../kernels/rolling-weighted.ts'
import { advanceWeightedMean, alphaOf, type WeightedMeanState, weightedMeanState } from '../kernels/weighted-mean.ts'
import { type Kernel, type SymbolOperator, type Parameter, promoted, type Rows, windowOf } from '../operator.ts'
import type { Column, Workspace } from '../workspace.ts'

const longest = 100_000
const series: Parameter = { kind: 'series' }
const values: Parameter = { kind: 'values' }
const share: Parameter = { kind: 'setting', name: 'quantile', whole: false, least: 0, most: 1 }

type Compute = (values: Column, setting: number, workspace: Workspace) => Column

const over = (window: number): Rows => ({ from: 1 - window, to: 0 })

/** rolling-sum.ts: a block is as long as the window */
const blocks = ([window]: readonly number[]) => [window!]

const define = (
  name: string,
  parameters: readonly Parameter[],
  rows: (setting: number) => Rows,
  kernel: Kernel,
  more: Partial<Pick<SymbolOperator, 'line' | 'precision' | 'gathered' | 'poisoned' | 'blocks'>> = {},
): [string, SymbolOperator] => [
  name,
  { parameters, answers: 'series', kernel, line: 0, rows: ([setting]) => rows(setting!), exact: false, ...more },
]

const kernelOf = (name: string, compute: Compute): Kernel => ({
  name,
  compute: ([operand], [setting], { workspace }) => [compute(operand as Column, setting!, workspace)],
})

const rolling = (name: string, least: number, compute: Compute) =>
  define(name, [values, windowOf(least)], over, kernelOf(name, compute), { blocks })

/** numpy's subtraction and pandas' shift keep the type of what they are given */
const moved = (name: string, setting: Parameter, rows: (setting: number) => Rows, compute: Compute) =>
  define(
    name,
    [series, setting],
    rows,
    {
      name,
      compute: ([operand], [setting], { workspace, precision }) => {
        const out = compute(operand as Column, setting!, workspace)
        if (precision === 'float32') for (let row = 0; row < out.length; row++) out[row] = Math.fround(out[row]!)
        return [out]
      },
    },
    { precision: promoted },
  )

const pairwise = (name: string, compute: (x: Column, y: Column, window: number, workspace: Workspace) => Column) =>
  define(
    name,
    [values, values, windowOf(2)],
    over,
    { name, compute: ([x, y], [window], { workspace }) => [compute(x as Column, y as Column, window!, workspace)] },
    { blocks },
  )

const regression: Kernel = {
  name: 'Regression',
  compute: ([operand], [window], { workspace }) => rollingRegression(operand as Column, window!, workspace),
}

const order: Kernel = {
  name: 'Order',
  compute: ([operand], [window, ...statistics], { workspace }) => rollingOrder(operand as Column, window!, statistics, workspace),
}

const exponential: Kernel = {
  ...kernelOf('EMA', (operand, rows, workspace) => {
    const out = workspace.lend()
    advanceWeightedMean(weightedMeanState(alphaOf(rows)), operand, out)
    return out
  }),
  stream: {
    lines: 1,
    start: ([rows]) => weightedMeanState(alphaOf(rows!)),
    advance: (state, [operand], [out]) => advanceWeightedMean(state as WeightedMeanState, operand as Column, out!),
  },
}

/** rows back (Qlib's `Ref`); negative looks ahead, and 0, which is the first value of all in Qlib, is refused */
const shiftRows: Parameter = { kind: 'setting', name: 'shift', whole: true, least: -longest, most: longest, except: 0 }

/** rows, or the newest value's weight itself when it is below 1 */
const span: Parameter = { kind: 'setting', name: 'span', whole: false, least: Number.MIN_VALUE, most: longest }

export const overTime = new Map<string, SymbolOperator>([
  moved('Ref', shiftRows, (rows) => ({ from: -rows, to: -rows }), shift),
  moved('Delta', windowOf(1), (rows) => ({ from: -rows, to: 0 }), delta),
  rolling('Mean', 1, rollingMean),
  rolling('Sum', 1, rollingSum),
  rolling('Std', 2, rollingDeviation),
  rolling('Var', 2, rollingVariance),
  rolling('Skew', 3, rollingSkewness),
  rolling('Kurt', 4, rollingKurtosis),
  rolling('Max', 1, rollingMaximum),
  rolling('Min', 1, rollingMinimum),
  rolling('IdxMax', 1, maximumPlace),
  rolling('IdxMin', 1, minimumPlace),
  rolling('Count', 1, rollingCount),
  rolling('Mad', 1, rollingMeanDistance),
  rolling('WMA', 1, rollingWeightedMean),
  define('Quantile', [values, windowOf(1), share], over, order, { gathered: 'by second setting' }),
  define('Med', [values, windowOf(1)], over, order, { gathered: { as: 0.5 } }),
  define('Rank', [values, windowOf(1)], over, order, { gathered: { as: rankOfNewest } }),
  define('Slope', [values, windowOf(2)], over, regression, { line: 0, poisoned: true, blocks }),
  define('Rsquare', [values, windowOf(2)], over, regression, { line: 1, poisoned: true, blocks }),
  define('Resi', [values, windowOf(2)], over, regression, { line: 2, poisoned: true, blocks }),
  pairwise('Corr', rollingCorrelation),
  pairwise('Cov', rollingCovariance),
  define('EMA', [values, span], (rows) => ({ from: rows < 1 ? 0 : 1 - Math.ceil(rows), to: 0, recursive: true }), exponential),
])
