/** Computes columns of slices from the bars that they read, and reads no more of them than that. */
import { parse } from '#domain/expressions/parse.ts'
import { type RestartClass, restartClasses, restartRow } from '#domain/expressions/restart.ts'
import type { Resumption } from '#domain/expressions/starts.ts'
import { barRows, countBars } from '#domain/features/calendar-grid.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { rowsOf, type Slice } from '#domain/features/slices.ts'
import { Series, type SeriesEnds } from '#domain/features/series-ends.ts'
import type { SliceStates } from '#domain/features/slice-states.ts'
import { groupBy } from '#domain/group-by.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { noBars } from '#domain/market/bars.ts'
import { ahead } from '../ahead.ts'
import { type EarlierShard, type KeptRows, keptRows } from './earlier-shards.ts'
import type { GroupBars, ReadBars } from './group-bars.ts'
import type { PlannedGroup } from './plan-group.ts'
import { type ColumnTask, cellsOf, type RowRange, type Run } from './compute-thread.ts'
import { type CrossedColumns, crossReadingOf } from './crossed-columns.ts'
import { monthNumber, monthText, type ReadFrom, readFrom, recursiveRun, sessionsAMonth, statesBefore, stepNames } from './recursive-runs.ts'
import type { SymbolRows } from './shard-file.ts'
import { type GroupStates, nothingKnown, type StoredStates } from './stored-states.ts'
import type { ColumnComputer } from './thread-pool.ts'

/** A slice that lacks columns; `earlier` are shards that may have rows in common with it. */
export type Lacking = { slice: Slice; missing: readonly ShardColumn[]; earlier: readonly EarlierShard[] }

/** By expression a column on `rows`, and how the slice ends for each symbol: its last row, and the states of recursive steps. */
export type ComputedSlice = { rows: SymbolRows[]; columns: ReadonlyMap<string, Float32Array>; ends: SeriesEnds; states: SliceStates }

/** What slices are computed from; `crossed` are the cross-sections that columns read. */
export type SliceSources = { bars: GroupBars; states: StoredStates; crossed: CrossedColumns | undefined }

/** Of the shares that are computed together: what a thread does in some tenths of a second. */
const cellsAtATime = 400_000
const sharesAtATime = 4

/**
 * One answer for each of `lacking`, which are in the order of time. No slice is computed twice, and a pause is heeded soon.
 */
export async function computeSlices(
  pool: ColumnComputer,
  group: PlannedGroup,
  { bars, states, crossed }: SliceSources,
  lacking: readonly Lacking[],
  cancelled: AbortSignal,
): Promise<ComputedSlice[]> {
  if (lacking.length === 0) return []
  const { symbols, contents } = group
  const stretches = stretchesOf(lacking)
  const months = monthsRead(lacking, group, stretches)
  const remembers = stretches.some(({ starts }) => stepNames(starts.whole.recursive).length > 0)
  const known = remembers ? await states.read(months.states, lacking) : nothingKnown
  const actionsOf = groupBy(contents.actions, ({ symbol }) => symbol)
  const missing = new Map(lacking.flatMap((each) => each.missing.map((column) => [column.text, column])))
  const crossTexts = crossed && crossReadingOf([...missing.values()]).texts
  const compute = async (plans: readonly SymbolPlan[]) => {
    cancelled.throwIfAborted()
    const shared = new SharedSessions()
    const tasks: ColumnTask[] = []
    for (const { series, runs } of plans) {
      const { bars, earlier } = series
      tasks.push({
        bars: { ...bars, sessions: shared.of(bars.sessions) },
        actions: actionsOf.get(bars.symbol) ?? [],
        earlier,
        runs,
        given: crossTexts && (await crossed?.of(bars, crossTexts)),
      })
    }
    return { plans, computed: await pool.compute(tasks) }
  }
  const plans = await planSymbols({ symbols, actionsOf, bars, lacking, stretches, month: months.bars, known })
  const slices = lacking.map((each, index) => new GrowingSlice(each, index, plans))
  for (const [index, slice] of slices.entries()) {
    const steps = new Set(
      stretches.filter((each) => each.slices.some((own) => own.index === index)).flatMap(({ starts }) => stepNames(starts.whole.recursive)),
    )
    for (const plan of plans) slice.keep(plan, known, steps)
  }
  const shares = sharesOf(plans.filter(({ runs }) => runs.length > 0))
  for await (const { plans: share, computed } of ahead(shares, sharesAtATime, compute))
    for (const [index, plan] of share.entries())
      for (const slice of slices) slice.take(plan, computed.columns[index]!, computed.states[index]!)
  return slices
}

/** The columns of a slice, which are filled symbol by symbol: from earlier shards, and with what is computed. */
class GrowingSlice implements ComputedSlice {
  readonly rows: SymbolRows[] = []
  readonly columns: ReadonlyMap<string, Float32Array>
  readonly ends: SeriesEnds = {}
  readonly states = new Map<string, Map<string, Float64Array>>()
  private readonly copied: readonly ShardColumn[]
  private readonly copies = new Map<EarlierShard, Copy[]>()
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

  /** Takes over the rows of a symbol that are what they were, and if all are, what is known of some recursive steps at their end. */
  keep(plan: SymbolPlan, known: GroupStates, steps: ReadonlySet<string>): void {
    const placed = this.placed.get(plan)
    if (placed === undefined) return
    let { at } = placed
    for (const { shard, at: from, count, to } of plan.kept[this.index]!) {
      for (const { source, target } of this.copiesOf(shard)) copyRows(source, from, target, at, count)
      at += count
      if (to === placed.to && steps.size > 0)
        this.addStates(
          plan,
          [...known.at(shard, plan.series.bars.symbol)].filter(([name]) => steps.has(name)),
        )
    }
  }

  private addStates({ series }: SymbolPlan, states: Iterable<[string, Float64Array]>): void {
    const { symbol } = series.bars
    const own = this.states.get(symbol) ?? new Map<string, Float64Array>()
    for (const [name, numbers] of states) own.set(name, numbers)
    this.states.set(symbol, own)
  }

  private copiesOf(shard: EarlierShard): Copy[] {
    const known = this.copies.get(shard)
    if (known !== undefined) return known
    const copies = this.copied.map(({ name, text }) => ({ source: shard.columns.get(name)!, target: this.columns.get(text)! }))
    this.copies.set(shard, copies)
    return copies
  }

  /** Takes what was computed of a symbol: by run a column for each of its expressions, and states. */
  take(plan: SymbolPlan, computed: readonly (readonly Float32Array[])[], taken: readonly Float64Array[]): void {
    const placed = this.placed.get(plan)
    if (placed === undefined) return
    for (const [run, planned] of plan.runs.entries()) {
      const { expressions, keep } = planned
      if (planned.recursion !== undefined) this.addStates(plan, statesBefore(placed.to, planned, taken[run]!))
      const [from, to] = [Math.max(keep.from, placed.from), Math.min(keep.to, placed.to)]
      if (from >= to) continue
      for (const [index, text] of expressions.entries()) {
        const column = this.columns.get(text)
        if (column !== undefined) copyRows(computed[run]![index]!, from - keep.from, column, placed.at + from - placed.from, to - from)
      }
    }
  }
}

type Copy = { source: Float32Array; target: Float32Array }

/** Few rows are copied faster one by one than by a view of them. */
const fewRows = 32

function copyRows(source: Float32Array, from: number, target: Float32Array, at: number, count: number): void {
  if (count > fewRows) target.set(source.subarray(from, from + count), at)
  else for (let row = 0; row < count; row++) target[at + row] = source[from + row]!
}

/** Most symbols have the same sessions: a message holds an array once, however many of its parts name it. */
class SharedSessions {
  private readonly known = new Map<string, string[]>()

  of(sessions: string[]): string[] {
    const key = `${sessions.length} ${sessions[0]}`
    const known = this.known.get(key)
    if (known?.every((session, row) => session === sessions[row])) return known
    this.known.set(key, sessions)
    return sessions
  }
}

/** Symbols in their order, some together. */
function sharesOf(plans: readonly SymbolPlan[]): SymbolPlan[][] {
  const shares: SymbolPlan[][] = []
  let cells = Infinity
  for (const plan of plans) {
    const own = cellsOf(plan.runs)
    if (cells + own > cellsAtATime) {
      shares.push([])
      cells = 0
    }
    shares.at(-1)!.push(plan)
    cells += own
  }
  return shares
}

/**
 * Slices, by their place in a list, that lack the same columns, which are computed in one run. `lists` are those of its
 * texts that begin together.
 */
type Stretch = { slices: { slice: Slice; index: number }[]; texts: string[]; starts: Starts; reach: number; lists: Map<string, string[]> }

/** Where computations begin, for symbols all of whose rows have a bar and for others. */
type Starts = { whole: Begin; gaps: Begin }

/** Classes that begin together; or, where some expression reads all rows, the texts of all, whose steps begin each on its own. */
type Begin = { classes: RestartClass[]; recursive: string[] }

function stretchesOf(lacking: readonly Lacking[]): Stretch[] {
  const stretches = new Map<string, Stretch>()
  for (const [index, { slice, missing, earlier }] of lacking.entries())
    for (const columns of earlier.length === 0 ? [missing] : apart(missing)) {
      const texts = [...new Set(columns.map(({ text }) => text))]
      const key = JSON.stringify(texts)
      const reach = Math.max(...columns.map((column) => column.ahead))
      const begin = starts.of(key, () => startsOfTexts(texts))
      const stretch: Stretch = stretches.get(key) ?? { slices: [], texts, starts: begin, reach, lists: new Map() }
      stretch.slices.push({ slice, index })
      stretches.set(key, stretch)
    }
  return [...stretches.values()]
}

/** What looks ahead is computed on all rows: those before a new one may read it. */
const apart = (columns: readonly ShardColumn[]): ShardColumn[][] =>
  [columns.filter((column) => column.ahead === 0), columns.filter((column) => column.ahead > 0)].filter((each) => each.length > 0)

/** One group after another lacks the same few sets of columns. */
const starts = new RecentlyUsed<Starts>(64)

function startsOfTexts(texts: readonly string[]): Starts {
  const expressions = texts.map(parse)
  const begin = (gaps: boolean): Begin => {
    const { classes, fromFirst } = restartClasses(expressions, { gaps })
    return fromFirst.length === 0 ? { classes, recursive: [] } : { classes: [], recursive: [...texts] }
  }
  return { whole: begin(false), gaps: begin(true) }
}

/** `kept` are by slice the rows that earlier shards hold. */
type SymbolPlan = { series: Series; kept: KeptRows[][]; runs: Run[] }

type ToPlan = {
  symbols: readonly string[]
  actionsOf: ReadonlyMap<string, readonly CorporateAction[]>
  bars: GroupBars
  lacking: readonly Lacking[]
  stretches: readonly Stretch[]
  month: string
  known: GroupStates
}

/** From the bars since `month`; from all of them where some answer depends on earlier ones. */
async function planSymbols({ symbols, actionsOf, bars, lacking, stretches, month, known }: ToPlan): Promise<SymbolPlan[]> {
  const ends = await bars.endsBefore(lacking[0]!.slice)
  const plan = ({ bars, earlier }: ReadBars): SymbolPlan[] =>
    symbols.flatMap((symbol) => {
      const own = bars.get(symbol) ?? noBars(symbol)
      const end = earlier.get(symbol)
      if (own.sessions.length === 0 && end === undefined) return []
      const series = new Series(own, actionsOf.get(symbol) ?? [], end, ends[symbol])
      const kept = lacking.map((each) => keptRows(each.slice, each.earlier, series))
      return [{ series, kept, runs: runsOf(stretches, series, kept, known) }]
    })
  const plans = plan(await bars.from(month))
  return plans.every(({ runs }) => runs.every(({ read }) => read.from >= 0)) ? plans : plan(await bars.all())
}

const noRows = { rows: 0, bars: 0 }

/** The runs over bars of which `earlier` are not at hand; one that would begin among those has a negative row. */
function runsOf(stretches: readonly Stretch[], series: Series, kept: readonly KeptRows[][], known: GroupStates): Run[] {
  const { bars, earlier: end } = series
  const { sessions } = bars
  const earlier = end?.rows ?? 0
  const allBars = earlier === (end?.bars ?? 0) && countBars(bars) === sessions.length
  let resumption: Resumption | undefined
  const there = kept.map((pieces) => pieces.reduce((sum, { count }) => sum + count, 0))
  const runs: Run[] = []
  for (const { slices, texts, starts: own, reach, lists } of stretches) {
    const { classes, recursive } = allBars ? own.whole : own.gaps
    const ranges = slices
      .map(({ slice, index }) => {
        const { from, to } = rowsOf(slice, sessions)
        return { from: reach === 0 ? from + there[index]! : from, to }
      })
      .filter(({ from, to }) => to > from)
    if (ranges.length === 0) continue
    const keep = { from: ranges[0]!.from, to: ranges.at(-1)!.to }
    const to = Math.min(sessions.length, keep.to + reach)
    if (recursive.length > 0) {
      const ends = ranges.map((range) => range.to)
      resumption ??= { known: known.of(series, kept.flat()), missing: allBars ? 'none' : barRows(bars, end ?? noRows) }
      runs.push(recursiveRun(recursive, { keep, to, earlier, ends }, resumption))
    }
    const starts = classes.map((each) => ({ members: each.members, from: restartRow(each, keep.from + earlier) - earlier }))
    // what begins in one place shares its steps
    for (const from of new Set(starts.map((start) => start.from))) {
      const together = starts.map((start) => start.from === from)
      const alike = `${allBars} ${together.join()}`
      const expressions =
        lists.get(alike) ??
        starts
          .filter((_, index) => together[index])
          .flatMap(({ members }) => members)
          .sort((a, b) => a - b)
          .map((index) => texts[index]!)
      // symbols that begin alike share the list, which a thread is then sent once
      lists.set(alike, expressions)
      runs.push({ expressions, read: { from, to }, keep })
    }
  }
  return runs
}

/** A month from which on most symbols have the rows that the first slice reads. */
export const firstMonthRead = (lacking: readonly Lacking[], group: PlannedGroup): string =>
  monthsRead(lacking, group, stretchesOf(lacking)).bars

/** Months before the first slice from which on bars and states are read. */
function monthsRead(lacking: readonly Lacking[], { slices }: PlannedGroup, stretches: readonly Stretch[]): ReadFrom {
  const next = lacking[0]!.slice
  const rows = Math.max(0, ...stretches.flatMap(({ starts }) => starts.whole.classes.map(({ every, history }) => every + history)))
  const months = { bars: monthText(monthNumber(next.months[0]!) - Math.ceil(rows / sessionsAMonth)), states: next.months[0]! }
  const least = (a: string, b: string) => (a < b ? a : b)
  for (const { starts } of stretches) {
    if (starts.whole.recursive.length === 0) continue
    const own = readFrom(starts.whole.recursive, next, slices)
    months.bars = least(months.bars, own.bars)
    months.states = least(months.states, own.states)
  }
  return months
}
