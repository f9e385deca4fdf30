/** How an indicator becomes operators: one a line, all of them one computation, over the rows that are there. */
import { blockRows } from '../../indicators/anchored-rows.ts'
import { overPresentRows, writePresentRows } from '../../indicators/present-rows.ts'
import type { Operand, Parameter, Rows, Stream, SymbolOperator } from '../operator.ts'

type Settings = readonly number[]
type Inputs = readonly Float64Array[]

/** `warmUp` counts the rows before the first value of a line. */
export type Definition = { inputs: number; settings: readonly Parameter[]; warmUp: (settings: Settings, line: number) => number }

/** `state` is plain data; `advance` writes the next rows of every line and moves the state past them. */
export type Recursion<State extends object> = {
  state: (settings: Settings) => State
  advance: (state: State, inputs: Inputs, lines: readonly Float64Array[]) => void
}

type Compute = (operands: readonly Operand[], settings: Settings) => Float64Array[]

/** A recursive one has a stream. */
export type Indicator = Omit<SymbolOperator, 'kernel'> & { kernel: { name: string; compute: Compute; stream?: Stream } }

/** An indicator of the rows in its window alone. */
export function windowed(
  names: readonly string[],
  definition: Definition,
  indicator: (inputs: Inputs, settings: Settings) => Float64Array[],
): [string, Indicator][] {
  const compute: Compute = (operands, settings) => overPresentRows(operands as Inputs, (inputs) => indicator(inputs, settings))
  return operatorsOf(names, definition, { name: names[0]!, compute }, {})
}

/** An indicator of all rows before. */
export function recursive<State extends object>(
  names: readonly string[],
  definition: Definition,
  { state, advance }: Recursion<State>,
): [string, Indicator][] {
  const stream: Stream = {
    lines: names.length,
    start: state,
    advance: (carried, operands, lines) =>
      writePresentRows(operands as Inputs, lines, (inputs, dense) => advance(carried as State, inputs, dense)),
  }
  const compute: Compute = (operands, settings) => {
    const lines = names.map(() => new Float64Array((operands as Inputs)[0]!.length))
    stream.advance(stream.start(settings), operands, lines)
    return lines
  }
  return operatorsOf(names, definition, { name: names[0]!, compute, stream }, { recursive: true })
}

function operatorsOf(
  names: readonly string[],
  { inputs, settings, warmUp }: Definition,
  kernel: Indicator['kernel'],
  memory: Pick<Rows, 'recursive'>,
): [string, Indicator][] {
  // a setting that is not whole is no period
  const blocks = (values: Settings) => values.filter((_, index) => isPeriod(settings[index]!)).map(blockRows)
  const parameters = [...Array.from({ length: inputs }, (): Parameter => ({ kind: 'series' })), ...settings]
  return names.map((name, line) => {
    const rows = (values: Settings): Rows => ({ from: -warmUp(values, line), to: 0, ...memory })
    return [name, { parameters, answers: 'series', kernel, line, rows, exact: true, skipsGaps: true, blocks }]
  })
}

const isPeriod = (parameter: Parameter) => parameter.kind === 'setting' && parameter.whole
