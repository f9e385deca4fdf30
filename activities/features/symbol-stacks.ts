/**
 * Short runs of many symbols as one computation: their rows lie one behind the other, and hundreds of steps begin once
 * instead of once a symbol. A run that may begin at a row gives the same bits whatever lies before that row
 * (domain/expressions/restart.ts), so that the rows of another symbol may.
 */
import { runPlan } from '#domain/features/compute-features.ts'
import type { Series } from '#domain/features/series-ends.ts'
import { groupBy } from '#domain/group-by.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { AdjustedColumn } from '#domain/market/factors.ts'
import { columnsOf, copyRows, type Move, planOf, type RowRange, type Run, scratch } from './runs.ts'

/** Rows of one symbol in a stack, of which `keep` are answered. */
type Piece = RowRange & { symbol: string; keep: RowRange }

/** `together` says that all pieces are one run; else each is its own. */
export type Stack = {
  expressions: string[]
  pieces: Piece[]
  together: boolean
  /** of the adjusted bars */
  columns: AdjustedColumn[]
  /** each of them on all rows, one behind the other */
  values: Float64Array<ArrayBuffer>
}

/** Longer ones gain nothing: what they compute outweighs its beginning. */
const longestRun = 512
/** So that the columns of some dozen steps stay in a processor's cache. */
const rowsAStack = 4096

export const isShort = ({ read }: Run): boolean => read.to - read.from <= longestRun

type Owned<Owner> = { owner: Owner; series: Series; run: Run }

/** A stack, and whose columns stand in its answer, from which row on. */
export type SharedStack<Owner> = { stack: Stack; answers: (Owned<Owner> & { at: number })[] }

export function stacksOf<Owner>(runs: readonly Owned<Owner>[]): SharedStack<Owner>[] {
  // symbols that begin alike share the list of expressions
  const alike = groupBy(runs, ({ run: { expressions, every } }) => `${listNumber(expressions)} ${every}`)
  return [...alike.values()].flatMap(inStacks).map((some) => {
    let at = 0
    const answers = some.map((each) => {
      const answer = { ...each, at }
      at += each.run.keep.to - each.run.keep.from
      return answer
    })
    return { stack: stackOf(some), answers }
  })
}

let lists = 0
const numbered = new WeakMap<readonly string[], number>()

function listNumber(expressions: readonly string[]): number {
  const known = numbered.get(expressions)
  if (known !== undefined) return known
  numbered.set(expressions, lists++)
  return lists - 1
}

function inStacks<Owner>(runs: readonly Owned<Owner>[]): Owned<Owner>[][] {
  const stacks: Owned<Owner>[][] = []
  let rows = Infinity
  for (const each of runs) {
    const { read } = each.run
    rows += read.to - read.from
    if (rows > rowsAStack) {
      stacks.push([])
      rows = read.to - read.from
    }
    stacks.at(-1)!.push(each)
  }
  return stacks
}

function stackOf(some: readonly Pick<Owned<unknown>, 'series' | 'run'>[]): Stack {
  const { expressions, every } = some[0]!.run
  let rows = 0
  const pieces = some.map(({ series: { bars }, run: { read, keep } }): Piece => {
    const from = Math.ceil(rows / (every ?? 1)) * (every ?? 1)
    rows = from + read.to - read.from
    return { symbol: bars.symbol, from, to: rows, keep: { from: from + keep.from - read.from, to: from + keep.to - read.from } }
  })
  const columns: AdjustedColumn[] = ['open', 'high', 'low', 'close', 'volume']
  if (some.some(({ series }) => series.bars.vwap !== undefined)) columns.push('vwap')
  // what lies between two symbols is finite, for a missing row would be left out of windows
  const values = new Float64Array(columns.length * rows).fill(1)
  for (const [index, { series, run }] of some.entries())
    for (const [column, name] of columns.entries()) series.writeAdjusted(name, run.read, values, column * rows + pieces[index]!.from)
  return { expressions, pieces, together: every !== undefined, columns, values }
}

const rowsKept = ({ pieces }: Stack) => pieces.reduce((sum, { keep }) => sum + keep.to - keep.from, 0)

export const cellsReadBy = ({ expressions, pieces }: Stack): number =>
  expressions.length * pieces.reduce((sum, { from, to }) => sum + to - from, 0)

/** One column an expression, of the rows that the pieces keep, one column behind the other. */
export function computeStackCells(stack: Stack): Float32Array {
  const { expressions, pieces, together } = stack
  const [plan, bars] = [planOf(expressions), barsOf(stack)]
  const kept = rowsKept(stack)
  const cells = new Float32Array(expressions.length * kept)
  const answers = columnsOf(cells, expressions.length)
  let at = 0
  const run = ({ from, to }: RowRange, first: number, own: readonly Piece[]) => {
    const columns = scratch(expressions.length, to - first)
    runPlan(plan, rowsOf(bars, from, to), columns, undefined, first - from)
    const moves = own.map(({ keep }): Move => {
      const count = keep.to - keep.from
      at += count
      return { from: keep.from - first, at: at - count, count }
    })
    for (const [index, column] of columns.entries()) copyRows(column, answers[index]!, moves)
  }
  if (together) run({ from: 0, to: pieces.at(-1)!.to }, 0, pieces)
  else for (const piece of pieces) run(piece, piece.keep.from, [piece])
  return cells
}

/** What `computeStackCells` answers, by expression. */
export const columnsOfStack = ({ expressions }: Stack, cells: Float32Array): Float32Array[] => columnsOf(cells, expressions.length)

type AdjustedColumns = Pick<BarColumns, AdjustedColumn>

function barsOf({ columns, values }: Stack): AdjustedColumns {
  const rows = values.length / columns.length
  const found = columns.map((name, index) => [name, values.subarray(index * rows, (index + 1) * rows)])
  return Object.fromEntries(found) as AdjustedColumns
}

const rowsOf = ({ open, high, low, close, volume, vwap }: AdjustedColumns, from: number, to: number): AdjustedColumns => ({
  open: open.subarray(from, to),
  high: high.subarray(from, to),
  low: low.subarray(from, to),
  close: close.subarray(from, to),
  volume: volume.subarray(from, to),
  vwap: vwap?.subarray(from, to),
})
