/**
 * Element-wise arithmetic as numpy does it on float32 and float64 columns. Where numpy works in float32, numbers and
 * answers are rounded to it; for + − × ÷ and √ of float32 operands that is float32 arithmetic exactly, for the others the
 * nearest float32 of the right answer. NaN propagates; a comparison with NaN is false, but != is true. Cost: one pass.
 */
import type { Operand, Place, Precision } from '../operator.ts'
import type { Column } from '../workspace.ts'
import type { CompiledKernels, PairKernel } from './compiled-memory.ts'

type Pair = (a: Operand, b: Operand, place: Place) => Column
type Single = (a: Column, place: Place) => Column

export const add = compiled('add')
export const subtract = compiled('subtract')
export const multiply = compiled('multiply')
export const divide = compiled('divide')
export const greater = compiled('greater')
export const less = compiled('less')
export const gt = compiled('gt')
export const ge = compiled('ge')
export const lt = compiled('lt')
export const le = compiled('le')
export const eq = compiled('eq')
export const ne = compiled('ne')

/** C's pow, which answers 1 for 1**NaN and (−1)**±∞ where JavaScript answers NaN. */
export const power = plainPair((bases, exponents, out) => {
  for (let row = 0; row < out.length; row++) {
    const base = bases[row]!
    const exponent = exponents[row]!
    out[row] = base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : base ** exponent
  }
})
export const and = plainPair((a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! & b[row]!
})
export const or = plainPair((a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! | b[row]!
})

export const absolute: Single = (a, { workspace }) => {
  const out = workspace.lend()
  workspace.compiled.absolute(workspace.addressOf(a), workspace.addressOf(out), workspace.bytes)
  return out
}
/** Qlib casts to float32 first, where tiny numbers are 0. */
export const sign = plainSingle((a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.sign(Math.fround(a[row]!))
})
export const logarithm = plainSingle((a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.log(a[row]!)
})
export const not = plainSingle((a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row] === 0 ? 1 : 0
})

/** As `divide`, written as float32: either precision gives the same numbers. */
export const divideInto = (a: Operand, b: Operand, place: Place, out: Float32Array): void =>
  place.workspace.written(out, (at) => callCompiled(place.workspace.compiled.narrowQuotient, a, b, place, at))

/** `numpy.where`: any condition but 0 is true, NaN too. */
export const choose = (condition: Column, yes: Operand, no: Operand, place: Place): Column =>
  withColumns([yes, no], place, ([left, right]) => {
    const out = place.workspace.lend()
    for (let row = 0; row < out.length; row++) out[row] = condition[row] === 0 ? right![row]! : left![row]!
    return out
  })

function compiled(name: keyof { [K in keyof CompiledKernels as CompiledKernels[K] extends PairKernel ? K : never]: true }): Pair {
  return (a, b, place) => {
    const out = place.workspace.lend()
    callCompiled(place.workspace.compiled[name], a, b, place, place.workspace.addressOf(out))
    return out
  }
}

function callCompiled(kernel: PairKernel, a: Operand, b: Operand, { workspace, precision }: Place, out: number): void {
  const first = typeof a === 'number' ? workspace.placeNumber(rounded(a, precision), 0) : workspace.addressOf(a)
  const second = typeof b === 'number' ? workspace.placeNumber(rounded(b, precision), 1) : workspace.addressOf(b)
  kernel(first, maskOf(a), second, maskOf(b), out, workspace.bytes, precision === 'float32')
}

/** Of the offsets of rows: a column has all, a number stands for each. */
const maskOf = (operand: Operand) => (typeof operand === 'number' ? 0 : -1)

function plainPair(work: (a: Column, b: Column, out: Column) => void): Pair {
  return (a, b, place) =>
    withColumns([a, b], place, ([left, right]) => {
      const out = place.workspace.lend()
      work(left!, right!, out)
      return inPrecision(out, place)
    })
}

function plainSingle(work: (a: Column, out: Column) => void): Single {
  return (a, place) => {
    const out = place.workspace.lend()
    work(a, out)
    return inPrecision(out, place)
  }
}

/** Numbers as columns, for as long as the work takes. */
function withColumns<T>(operands: readonly Operand[], { workspace, precision }: Place, work: (columns: readonly Column[]) => T): T {
  const columns = operands.map((operand) => (typeof operand === 'number' ? workspace.lend().fill(rounded(operand, precision)) : operand))
  const out = work(columns)
  workspace.giveBack(...columns.filter((_, index) => typeof operands[index] === 'number'))
  return out
}

const rounded = (value: number, precision: Precision) => (precision === 'float32' ? Math.fround(value) : value)

function inPrecision(column: Column, { workspace, precision }: Place): Column {
  if (precision === 'float32') workspace.round(column)
  return column
}
