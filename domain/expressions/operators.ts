/** All operators of the language by name, and what a call of one must look like. */
import type { CallNode, Expression } from './expression.ts'
import { nearest } from './nearest.ts'
import type { CrossSection, Operator, Parameter } from './operator.ts'
import { crossSections } from './operators/cross-section.ts'
import { elementwise } from './operators/elementwise.ts'
import { longTail } from './operators/long-tail.ts'
import { overTime } from './operators/rolling.ts'
import { technical } from './operators/technical.ts'

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...elementwise,
  ...overTime,
  ...technical,
  ...longTail,
  ...crossSections,
])

export const operatorNames: readonly string[] = [...operators.keys()].sort()

/** The operator of a call that the parser has accepted. */
export const operatorOf = (call: CallNode): Operator => operators.get(call.operator)!

/** The operator of a call that reads all symbols of a session; undefined for one that reads its own symbol alone. */
export const crossSectionOf = (call: CallNode): CrossSection | undefined => crossSections.get(call.operator)

/** Numbers written in the call that set it up, such as a window. */
export const settingsOf = (call: CallNode): number[] =>
  call.arguments
    .filter((_, index) => operatorOf(call).parameters[index]!.kind === 'setting')
    .map((node) => (node as { value: number }).value)

/** The columns, conditions and numbers that the call works on. */
export const operandsOf = (call: CallNode): Expression[] =>
  call.arguments.filter((_, index) => operatorOf(call).parameters[index]!.kind !== 'setting')

type Fail = (at: number, problem: string) => never

/** Checks name, number and kind of the arguments; `fail` hears of the first fault and where it is. */
export function assertCall(call: CallNode, fail: Fail): void {
  const operator = operators.get(call.operator)
  if (operator === undefined) return fail(call.at, unknown(call.operator))
  const { parameters } = operator
  if (call.arguments.length !== parameters.length)
    return fail(call.at, `${call.operator} takes ${signature(parameters)}, not ${call.arguments.length} arguments`)
  for (const [index, parameter] of parameters.entries()) assertArgument(call, index, parameter, fail)
  assertOperands(call, parameters, fail)
}

export type NodeKind = 'number' | 'series' | 'condition'

export function kindOf(node: Expression): NodeKind {
  switch (node.kind) {
    case 'number':
      return 'number'
    case 'column':
      return 'series'
    case 'call': {
      const { answers } = operatorOf(node)
      if (answers !== 'either branch') return answers
      return node.arguments.slice(1).every((branch) => kindOf(branch) === 'condition') ? 'condition' : 'series'
    }
    default:
      return node satisfies never
  }
}

function assertArgument(call: CallNode, index: number, parameter: Parameter, fail: Fail): void {
  const argument = call.arguments[index]!
  const kind = kindOf(argument)
  const which = `argument ${index + 1} of ${call.operator}`
  switch (parameter.kind) {
    case 'operand':
      return
    case 'series':
      if (kind !== 'series') fail(argument.at, `${which} must be a column of numbers, not a ${kind}`)
      return
    case 'values':
      if (kind === 'number') fail(argument.at, `${which} must be a column, not a number`)
      return
    case 'condition':
      if (kind !== 'condition') fail(argument.at, `${which} must be a condition such as $close>$open, not a ${kind}`)
      return
    case 'setting':
      if (argument.kind !== 'number') return fail(argument.at, `${which}, the ${parameter.name}, must be written as a number`)
      if (!inRange(parameter, argument.value))
        fail(argument.at, `${which}, the ${parameter.name}, must be ${rangeText(parameter)}, not ${argument.value}`)
      return
    default:
      parameter satisfies never
  }
}

function assertOperands(call: CallNode, parameters: readonly Parameter[], fail: Fail): void {
  if (call.operator === 'If' || !parameters.every((parameter) => parameter.kind === 'operand')) return
  const kinds = call.arguments.map(kindOf)
  if (kinds.every((kind) => kind === 'number')) fail(call.at, `${call.operator} needs a column: both sides are numbers`)
  if (kinds.every((kind) => kind === 'condition')) fail(call.at, `${call.operator} of two conditions: join them with & or |, or use If`)
}

type Setting = Extract<Parameter, { kind: 'setting' }>

const inRange = ({ whole, least, most, except }: Setting, value: number) =>
  value >= least && value <= most && (!whole || Number.isInteger(value)) && value !== except

const rangeText = ({ whole, least, most, except }: Setting) =>
  `a ${whole ? 'whole ' : ''}number ${least === Number.MIN_VALUE ? 'above 0,' : `from ${least}`} up to ${most}${except === undefined ? '' : `, not ${except}`}`

const signature = (parameters: readonly Parameter[]) =>
  `(${parameters.map((parameter) => (parameter.kind === 'setting' ? parameter.name : parameter.kind)).join(', ')})`

function unknown(name: string): string {
  const near = nearest(name, operatorNames)
  return `unknown operator ${name}${near.length > 0 ? `: did you mean ${near.join(' or ')}?` : ''}`
}
