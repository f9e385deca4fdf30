/** Qlib's element-wise and pair-wise arithmetic, comparisons and logic. */
import * as kernels from '../kernels/elementwise.ts'
import { type Kernel, type Operand, type Parameter, type Place, promoted, type SymbolOperator, thisRow } from '../operator.ts'
import type { Column } from '../workspace.ts'

const operand: Parameter = { kind: 'operand' }
const series: Parameter = { kind: 'series' }
const condition: Parameter = { kind: 'condition' }

type Compute = (operands: readonly Operand[], place: Place) => Column

const define = (
  name: string,
  parameters: readonly Parameter[],
  answers: SymbolOperator['answers'],
  compute: Compute,
  precision: NonNullable<SymbolOperator['precision']> = promoted,
  write?: Kernel['write'],
): [string, SymbolOperator] => [
  name,
  {
    parameters,
    answers,
    kernel: { name, compute: (operands, _settings, place) => [compute(operands, place)], ...(write && { write }) },
    line: 0,
    rows: thisRow,
    exact: false,
    precision,
  },
]

type Pair = typeof kernels.add
type Single = typeof kernels.absolute

const pair = (name: string, work: Pair, write?: Kernel['write']) =>
  define(name, [operand, operand], 'series', ([a, b], place) => work(a!, b!, place), promoted, write)

const comparison = (name: string, work: Pair) => define(name, [operand, operand], 'condition', ([a, b], place) => work(a!, b!, place))

const logic = (name: string, work: Pair) => define(name, [condition, condition], 'condition', ([a, b], place) => work(a!, b!, place))

const single = (name: string, work: Single, precision?: SymbolOperator['precision']) =>
  define(name, [series], 'series', ([a], place) => work(a as Column, place), precision)

export const elementwise = new Map<string, SymbolOperator>([
  pair('Add', kernels.add),
  pair('Sub', kernels.subtract),
  pair('Mul', kernels.multiply),
  pair('Div', kernels.divide, ([a, b], place, out) => kernels.divideInto(a!, b!, place, out)),
  pair('Power', kernels.power),
  pair('Greater', kernels.greater),
  pair('Less', kernels.less),
  comparison('Gt', kernels.gt),
  comparison('Ge', kernels.ge),
  comparison('Lt', kernels.lt),
  comparison('Le', kernels.le),
  comparison('Eq', kernels.eq),
  comparison('Ne', kernels.ne),
  logic('And', kernels.and),
  logic('Or', kernels.or),
  define('Not', [condition], 'condition', ([a], place) => kernels.not(a as Column, place)),
  single('Abs', kernels.absolute),
  single('Sign', kernels.sign, () => 'float32'),
  single('Log', kernels.logarithm),
  define(
    'If',
    [{ kind: 'values' }, operand, operand],
    'either branch',
    ([test, yes, no], place) => kernels.choose(test as Column, yes!, no!, place),
    ([_test, ...branches]) => promoted(branches),
  ),
])
