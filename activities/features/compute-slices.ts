/** Computes columns of slices from the bars that they read, and reads no more of them than that. */
import { parse } from '#domain/expressions/parse.ts'
import { leastCommonMultiple, type RestartClass, restartClasses, restartRow } from '#domain/expressions/restart.ts'
import type { Resumption } from '#domain/expressions/starts.ts'
import { barRows, countBars } from '#domain/features/calendar-grid.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { rowsOf, type Slice } from '#domain/features/slices.ts'
import { Series } from '#domain/features/series-ends.ts'
import { groupBy } from '#domain/group-by.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { noBars } from '#domain/market/bars.ts'
import { ahead } from '../ahead.ts'
import { type KeptRows, keptRows, type Lacking } from './earlier-shards.ts'
import type { GroupBars, ReadBars } from './group-bars.ts'
import { type ComputedSlice, GrowingSlice, type SymbolPlan } from './growing-slice.ts'
import type { PlannedGroup } from './plan-group.ts'
import type { ColumnTask } from './compute-thread.ts'
import { type CrossedColumns, crossReadingOf } from './crossed-columns.ts'
import { monthNumber, monthText, type ReadFrom, readFrom, recursiveRun, sessionsAMonth, stepNames } from './recursive-runs.ts'
import { cellsOf, type Run } from './runs.ts'
import { type GroupStates, nothingKnown, type StoredStates } from './stored-states.ts'
import { isShort, type SharedStack, stacksOf } from './symbol-stacks.ts'
import type { ColumnComputer } from './thread-pool.ts'

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
  const plans = await planSymbols({ symbols, actionsOf, bars, lacking, stretches, month: months.bars, known })
  const slices = lacking.map((each, index) => new GrowingSlice(each, index, plans))
  for (const [index, slice] of slices.entries()) {
    const steps = new Set(
      stretches.filter((each) => each.slices.some((own) => own.index === index)).flatMap(({ starts }) => stepNames(starts.whole.recursive)),
    )
    slice.keepRows(plans)
    if (steps.size > 0) for (const plan of plans) slice.keepStates(plan, known, steps)
  }

  const stackable = (run: Run) => crossed === undefined && run.recursion === undefined && isShort(run)
  const computeStack = async ({ stack, answers }: SharedStack<SymbolPlan>) => {
    const columns = await pool.computeStack(stack)
    const taken = answers.map(({ owner, run, at }) => ({ plan: owner, keep: run.keep, at }))
    for (const slice of slices) slice.take(stack.expressions, columns, taken)
  }
  const computeShare = async (share: readonly SymbolRuns[]) => {
    const shared = new SharedSessions()
    const tasks: ColumnTask[] = []
    for (const { plan, runs } of share) {
      const { bars, earlier } = plan.series
      tasks.push({
        bars: { ...bars, sessions: shared.of(bars.sessions) },
        actions: actionsOf.get(bars.symbol) ?? [],
        earlier,
        runs,
        given: crossTexts && (await crossed?.of(bars, crossTexts)),
      })
    }
    const { columns, states: taken } = await pool.compute(tasks)
    for (const [index, { plan, runs }] of share.entries())
      for (const [at, run] of runs.entries())
        for (const slice of slices) {
          slice.take(run.expressions, columns[index]![at]!, [{ plan, keep: run.keep, at: 0 }])
          slice.takeStates(plan, run, taken[index]![at]!)
        }
  }
  const work = [
    ...stacksOf(plans.flatMap((owner) => owner.runs.filter(stackable).map((run) => ({ owner, series: owner.series, run })))).map(
      (stack) => () => computeStack(stack),
    ),
    ...sharesOf(plans.map((plan) => ({ plan, runs: plan.runs.filter((run) => !stackable(run)) }))).map(
      (share) => () => computeShare(share),
    ),
  ]
  const begin = (compute: () => Promise<void>) => {
    cancelled.throwIfAborted()
    return compute()
  }
  for await (const _ of ahead(work, sharesAtATime, begin));
  return slices
}

type SymbolRuns = { plan: SymbolPlan; runs: Run[] }

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
function sharesOf(symbols: readonly SymbolRuns[]): SymbolRuns[][] {
  const shares: SymbolRuns[][] = []
  let cells = Infinity
  for (const symbol of symbols) {
    if (symbol.runs.length === 0) continue
    const own = cellsOf(symbol.runs)
    if (cells + own > cellsAtATime) {
      shares.push([])
      cells = 0
    }
    shares.at(-1)!.push(symbol)
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
    for (const { key, ...texts } of textsOf(missing)[earlier.length === 0 ? 'together' : 'apart']) {
      const stretch: Stretch = stretches.get(key) ?? { slices: [], ...texts, lists: new Map() }
      stretch.slices.push({ slice, index })
      stretches.set(key, stretch)
    }
  return [...stretches.values()]
}

type Texts = Pick<Stretch, 'texts' | 'starts' | 'reach'> & { key: string }

/** Most slices lack the same columns, and are asked for them again and again. */
const knownTexts = new WeakMap<readonly ShardColumn[], { together: Texts[]; apart: Texts[] }>()

/** `apart` is what looks ahead computed on all rows, for those before a new one may read it, and the rest on new ones. */
function textsOf(missing: readonly ShardColumn[]): { together: Texts[]; apart: Texts[] } {
  const known = knownTexts.get(missing)
  if (known !== undefined) return known
  const read = (columns: readonly ShardColumn[]): Texts => {
    const texts = [...new Set(columns.map(({ text }) => text))]
    const key = JSON.stringify(texts)
    return { key, texts, starts: starts.of(key, () => startsOfTexts(texts)), reach: Math.max(...columns.map((column) => column.ahead)) }
  }
  const parts = [missing.filter((column) => column.ahead === 0), missing.filter((column) => column.ahead > 0)]
  const found = { together: [read(missing)], apart: parts.filter((columns) => columns.length > 0).map(read) }
  knownTexts.set(missing, found)
  return found
}

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
    // what looks ahead, or leaves out missing rows, would see those of another symbol
    const alone = reach > 0 || !allBars
    const starts = classes.map((each) => ({
      members: each.members,
      from: restartRow(each, keep.from + earlier) - earlier,
      every: alone || each.history > keep.from + earlier ? undefined : each.every,
    }))
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
      runs.push({ expressions, read: { from, to }, keep, every: commonMultiple(starts.filter((_, index) => together[index])) })
    }
  }
  return runs
}

/** Of what begins together; nothing where some of it begins at no multiple. */
const commonMultiple = (starts: readonly { every: number | undefined }[]): number | undefined =>
  starts.reduce<number | undefined>(
    (common, { every }) => (common === undefined || every === undefined ? undefined : leastCommonMultiple(common, every)),
    1,
  )

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
