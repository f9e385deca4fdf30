/** Qlib's element-wise and pair-wise arithmetic, comparisons and logic. */
import * as kernels from '../kernels/elementwise.ts'
import { type Column, type Operand, type Operator, type Parameter, thisRow } from '../operator.ts'

const operand: Parameter = { kind: 'operand' }
const series: Parameter = { kind: 'series' }
const condition: Parameter = { kind: 'condition' }

type Compute = (operands: readonly Operand[]) => Column

const define = (name: string, parameters: readonly Parameter[], answers: Operator['answers'], compute: Compute): [string, Operator] => [
  name,
  { parameters, answers, kernel: { name, compute: (operands) => [compute(operands)] }, line: 0, rows: thisRow, exact: false },
]

const pair = (name: string, work: Parameters<typeof kernels.binary>[2]) =>
  define(name, [operand, operand], 'series', ([a, b]) => kernels.binary(a!, b!, work))

const comparison = (name: string, work: Parameters<typeof kernels.compare>[2]) =>
  define(name, [operand, operand], 'condition', ([a, b]) => kernels.compare(a!, b!, work))

const logic = (name: string, work: Parameters<typeof kernels.compare>[2]) =>
  define(name, [condition, condition], 'condition', ([a, b]) => kernels.compare(a!, b!, work))

const single = (name: string, work: Parameters<typeof kernels.unary>[1]) =>
  define(name, [series], 'series', ([a]) => kernels.unary(a as Column, work))

export const elementwise = new Map<string, Operator>([
  pair('Add', kernels.add),
  pair('Sub', kernels.subtract),
  pair('Mul', kernels.multiply),
  pair('Div', kernels.divide),
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
  define('Not', [condition], 'condition', ([a]) => kernels.not(a as Column)),
  single('Abs', kernels.absolute),
  single('Sign', kernels.sign),
  single('Log', kernels.logarithm),
  define('If', [{ kind: 'values' }, operand, operand], 'either branch', ([test, yes, no]) => kernels.choose(test as Column, yes!, no!)),
])
