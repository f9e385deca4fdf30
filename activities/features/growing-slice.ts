import type { ShardColumn } from '#domain/features/definitions.ts'
import type { Series, SeriesEnds } from '#domain/features/series-ends.ts'
import type { SliceStates } from '#domain/features/slice-states.ts'
import { rowsOf } from '#domain/features/slices.ts'
import type { EarlierShard, KeptRows, Lacking } from './earlier-shards.ts'
import { statesBefore } from './recursive-runs.ts'
import { copyRows, type Move, type RowRange, type Run } from './runs.ts'
import type { SymbolRows } from './shard-file.ts'
import type { GroupStates } from './stored-states.ts'

/** By expression a column on `rows`, and how the slice ends for each symbol: its last row, and the states of recursive steps. */
export type ComputedSlice = { rows: SymbolRows[]; columns: ReadonlyMap<string, Float32Array>; ends: SeriesEnds; states: SliceStates }

/** `kept` are by slice the rows that earlier shards hold. */
export type SymbolPlan = { series: Series; kept: KeptRows[][]; runs: Run[] }

/** The columns of a slice, which are filled symbol by symbol: from earlier shards, and with what is computed. */
export class GrowingSlice implements ComputedSlice {
  readonly rows: SymbolRows[] = []
  readonly columns: ReadonlyMap<string, Float32Array>
  readonly ends: SeriesEnds = {}
  readonly states = new Map<string, Map<string, Float64Array>>()
  private readonly copied: readonly ShardColumn[]
  private readonly index: number
  /** where the rows of a symbol stand in the columns, and which of its series they are */
  private readonly placed = new Map<SymbolPlan, { at: number } & RowRange>()

  constructor({ slice, missing }: Lacking, index: number, plans: readonly SymbolPlan[]) {
    let at = 0
    for (const plan of plans) {
      const { series } = plan
      const { symbol, sessions } = series.bars
      const end = series.endOf(slice)
      if (end !== undefined) this.ends[symbol] = end
      const { from, to } = rowsOf(slice, sessions)
      if (from === to) continue
      this.rows.push({ symbol, sessions: sessions.slice(from, to) })
      this.placed.set(plan, { at, from, to })
      at += to - from
    }
    this.columns = new Map(missing.map(({ text }) => [text, new Float32Array(at)]))
    this.copied = missing.filter((column) => column.ahead === 0)
    this.index = index
  }

  /** Takes over the rows that are what they were. */
  keepRows(plans: readonly SymbolPlan[]): void {
    const moves = new Map<EarlierShard, Move[]>()
    for (const plan of plans) {
      let at = this.placed.get(plan)?.at ?? 0
      for (const { shard, at: from, count } of plan.kept[this.index]!) {
        const own = moves.get(shard) ?? []
        own.push({ from, at, count })
        moves.set(shard, own)
        at += count
      }
    }
    for (const [shard, own] of moves)
      for (const { name, text } of this.copied) copyRows(shard.columns.get(name)!, this.columns.get(text)!, own)
  }

  /** Of a symbol all of whose rows were taken over, takes what is known of some recursive steps at their end. */
  keepStates(plan: SymbolPlan, known: GroupStates, steps: ReadonlySet<string>): void {
    const last = plan.kept[this.index]!.at(-1)
    if (last === undefined || last.to !== this.placed.get(plan)?.to) return
    const states = known.at(last.shard, plan.series.bars.symbol)
    this.addStates(
      plan,
      [...states].filter(([name]) => steps.has(name)),
    )
  }

  private addStates({ series }: SymbolPlan, states: Iterable<[string, Float64Array]>): void {
    const { symbol } = series.bars
    const own = this.states.get(symbol) ?? new Map<string, Float64Array>()
    for (const [name, numbers] of states) own.set(name, numbers)
    this.states.set(symbol, own)
  }

  /** Takes the states that a run has at the end of the slice. */
  takeStates(plan: SymbolPlan, run: Run, taken: Float64Array): void {
    const placed = this.placed.get(plan)
    if (placed !== undefined && run.recursion !== undefined) this.addStates(plan, statesBefore(placed.to, run, taken))
  }

  /** Takes a column for each expression, in which the rows that were computed of some symbols begin at `at`. */
  take(expressions: readonly string[], computed: readonly Float32Array[], rows: readonly TakenRows[]): void {
    const moves = rows.flatMap(({ plan, keep, at }): Move[] => {
      const placed = this.placed.get(plan)
      if (placed === undefined) return []
      const [from, to] = [Math.max(keep.from, placed.from), Math.min(keep.to, placed.to)]
      return from >= to ? [] : [{ from: at + from - keep.from, at: placed.at + from - placed.from, count: to - from }]
    })
    if (moves.length === 0) return
    for (const [index, text] of expressions.entries()) {
      const column = this.columns.get(text)
      if (column !== undefined) copyRows(computed[index]!, column, moves)
    }
  }
}

type TakenRows = { plan: SymbolPlan; keep: RowRange; at: number }
