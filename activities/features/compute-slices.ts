/** Computes columns of slices from the bars that they read, and reads no more of them than that. */
import { parse } from '#domain/expressions/parse.ts'
import { restartClasses, restartRow, type Restarts } from '#domain/expressions/restart.ts'
import { countBars } from '#domain/features/calendar-grid.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { rowsOf, type Slice } from '#domain/features/slices.ts'
import { endsOf, type SeriesEnd, type SeriesEnds } from '#domain/features/series-ends.ts'
import { groupBy } from '#domain/group-by.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import { type BarColumns, noBars } from '#domain/market/bars.ts'
import { ahead } from '../ahead.ts'
import type { GroupBars, ReadBars } from './group-bars.ts'
import type { PlannedGroup } from './plan-group.ts'
import { type ColumnTask, cellsOf, type Run } from './compute-thread.ts'
import { type CrossedColumns, crossReadingOf } from './crossed-columns.ts'
import type { SymbolRows } from './shard-file.ts'
import type { ColumnComputer } from './thread-pool.ts'

/** A slice that lacks columns. */
export type Lacking = { slice: Slice; missing: readonly ShardColumn[] }

/** By expression the parts of a column, one a symbol in the order of `rows`; and how the slice ends for each symbol. */
export type ComputedSlice = { rows: SymbolRows[]; parts: Map<string, Float32Array[]>; ends: SeriesEnds }

/** Of the shares that are computed together: what a thread does in some tenths of a second. */
const cellsAtATime = 400_000
const sharesAtATime = 4

/**
 * One answer for each of `lacking`, which are in the order of time. No slice is computed twice, and a pause is heeded soon.
 * `crossed` are the cross-sections that columns read.
 */
export async function computeSlices(
  pool: ColumnComputer,
  { symbols, contents }: PlannedGroup,
  bars: GroupBars,
  lacking: readonly Lacking[],
  cancelled: AbortSignal,
  crossed?: CrossedColumns,
): Promise<ComputedSlice[]> {
  const computed = lacking.map(({ missing }): ComputedSlice => ({
    rows: [],
    parts: new Map(missing.map(({ text }) => [text, []])),
    ends: {},
  }))
  if (lacking.length === 0) return computed
  const stretches = stretchesOf(lacking)
  const actionsOf = groupBy(contents.actions, ({ symbol }) => symbol)
  const slices = lacking.map(({ slice }) => slice)
  const missing = new Map(lacking.flatMap((each) => each.missing.map((column) => [column.text, column])))
  const crossTexts = crossed && crossReadingOf([...missing.values()]).texts
  const compute = async (plans: readonly SymbolPlan[]) => {
    cancelled.throwIfAborted()
    const shared = new SharedSessions()
    const tasks: ColumnTask[] = []
    for (const { bars, earlier, runs } of plans)
      tasks.push({
        bars: { ...bars, sessions: shared.of(bars.sessions) },
        actions: actionsOf.get(bars.symbol) ?? [],
        earlier,
        runs,
        given: crossTexts && (await crossed?.of(bars, crossTexts)),
      })
    const columns = await pool.compute(tasks)
    return plans.map((plan, index) => ({
      plan,
      columns: columns[index]!,
      ends: endsOf(slices, plan.bars, tasks[index]!.actions, plan.earlier),
    }))
  }
  const shares = sharesOf(await planSymbols(symbols, bars, lacking, stretches))
  for await (const share of ahead(shares, sharesAtATime, compute))
    for (const { plan, columns, ends } of share) {
      const { symbol, sessions } = plan.bars
      lacking.forEach(({ slice }, index) => {
        const { rows, parts, ends: ended } = computed[index]!
        if (ends[index] !== undefined) ended[symbol] = ends[index]
        const { from, to } = rowsOf(slice, sessions)
        if (from === to) return
        rows.push({ symbol, sessions: sessions.slice(from, to) })
        plan.runs.forEach(({ expressions, keep }, run) => {
          if (keep.from > from || keep.to < to) return
          const whole = keep.from === from && keep.to === to
          expressions.forEach((text, index) => {
            const own = parts.get(text)
            if (own === undefined || own.length === rows.length) return
            const column = columns[run]![index]!
            own.push(whole ? column : column.subarray(from - keep.from, to - keep.from))
          })
        })
      })
    }
  return computed
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

/** Slices that lack the same columns, which are computed in one run. `lists` are those of its texts that begin together. */
type Stretch = { slices: Slice[]; texts: string[]; starts: Starts; reach: number; lists: Map<string, string[]> }

/** Where computations begin, for symbols all of whose rows have a bar and for others. */
type Starts = { whole: Restarts; gaps: Restarts }

function stretchesOf(lacking: readonly Lacking[]): Stretch[] {
  const stretches = new Map<string, Stretch>()
  for (const { slice, missing } of lacking) {
    const texts = [...new Set(missing.map(({ text }) => text))]
    const key = JSON.stringify(texts)
    const reach = Math.max(...missing.map((column) => column.ahead))
    const begin = starts.of(key, () => startsOfTexts(texts))
    const stretch: Stretch = stretches.get(key) ?? { slices: [], texts, starts: begin, reach, lists: new Map() }
    stretch.slices.push(slice)
    stretches.set(key, stretch)
  }
  return [...stretches.values()]
}

/** One group after another lacks the same few sets of columns. */
const starts = new RecentlyUsed<Starts>(64)

function startsOfTexts(texts: readonly string[]): Starts {
  const expressions = texts.map(parse)
  return { whole: restartClasses(expressions, { gaps: false }), gaps: restartClasses(expressions, { gaps: true }) }
}

type SymbolPlan = { bars: BarColumns; earlier: SeriesEnd | undefined; runs: Run[] }

/** From later bars; from all of them where some answer depends on earlier ones. */
async function planSymbols(
  symbols: readonly string[],
  bars: GroupBars,
  lacking: readonly Lacking[],
  stretches: readonly Stretch[],
): Promise<SymbolPlan[]> {
  const plan = ({ bars, earlier }: ReadBars): SymbolPlan[] =>
    symbols.flatMap((symbol) => {
      const own = bars.get(symbol) ?? noBars(symbol)
      const end = earlier.get(symbol)
      return own.sessions.length === 0 && end === undefined ? [] : [{ bars: own, earlier: end, runs: runsOf(stretches, own, end) }]
    })
  const plans = plan(await bars.from(firstMonthRead(lacking, stretches)))
  return plans.every(({ runs }) => runs.every(({ read }) => read.from >= 0)) ? plans : plan(await bars.all())
}

/** The runs over bars of which `earlier` are not at hand; one that would begin among those has a negative row. */
function runsOf(stretches: readonly Stretch[], bars: BarColumns, end: SeriesEnd | undefined): Run[] {
  const { sessions } = bars
  const earlier = end?.rows ?? 0
  const allBars = earlier === (end?.bars ?? 0) && countBars(bars) === sessions.length
  const runs: Run[] = []
  for (const { slices, texts, starts: own, reach, lists } of stretches) {
    const { classes, fromFirst } = allBars ? own.whole : own.gaps
    const ranges = slices.map((slice) => rowsOf(slice, sessions)).filter(({ from, to }) => to > from)
    if (ranges.length === 0) continue
    const keep = { from: ranges[0]!.from, to: ranges.at(-1)!.to }
    const to = Math.min(sessions.length, keep.to + reach)
    const starts = classes.map((each) => ({ members: each.members, from: restartRow(each, keep.from + earlier) - earlier }))
    if (fromFirst.length > 0) starts.push({ members: fromFirst, from: -earlier })
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

/** Fewer than a month has: a month or two too early costs little, and all bars are read when it was too late. */
const sessionsAMonth = 18

/** A month from which on most symbols have the rows that the first slice reads. */
export function firstMonthRead(lacking: readonly Lacking[], stretches: readonly Stretch[] = stretchesOf(lacking)): string {
  if (stretches.some(({ starts }) => starts.whole.fromFirst.length > 0)) return ''
  const rows = Math.max(...stretches.flatMap(({ starts }) => starts.whole.classes.map(({ every, history }) => every + history)))
  const [year, month] = lacking[0]!.slice.months[0]!.split('-').map(Number) as [number, number]
  const first = year * 12 + month - 1 - Math.ceil(rows / sessionsAMonth)
  return first < 0 ? '' : `${String(Math.floor(first / 12)).padStart(4, '0')}-${String((first % 12) + 1).padStart(2, '0')}`
}
