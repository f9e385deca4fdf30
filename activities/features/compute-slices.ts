/** Computes columns of slices from the bars that they read, and reads no more of them than that. */
import { parse } from '#domain/expressions/parse.ts'
import { type RestartClass, restartClasses, restartRow } from '#domain/expressions/restart.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { rowsOf, type Slice } from '#domain/features/slices.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { type Factors, factorsAt } from '#domain/market/factors.ts'
import { monthOf } from '#domain/market/month-contents.ts'
import { ahead } from '../ahead.ts'
import type { LaterBars, SnapshotBars } from '../snapshots.ts'
import type { Run } from './compute-thread.ts'
import type { SymbolRows } from './shard-file.ts'
import type { ThreadPool } from './thread-pool.ts'

/** A slice that lacks columns. */
export type Lacking = { slice: Slice; missing: readonly ShardColumn[] }

/** By expression the parts of a column, one a symbol in the order of `rows`; `through` is the month in which the label's rows ahead end. */
export type ComputedSlice = { rows: SymbolRows[]; parts: Map<string, Float32Array[]>; through: string | null }

const symbolsAtATime = 4

/** One answer for each of `lacking`, which are in the order of time. No slice is computed twice, and a pause is heeded soon. */
export async function computeSlices(
  pool: ThreadPool,
  snapshot: SnapshotBars & LaterBars,
  symbols: readonly string[],
  lacking: readonly Lacking[],
  cancelled: AbortSignal,
): Promise<ComputedSlice[]> {
  const computed = lacking.map((): ComputedSlice => ({ rows: [], parts: new Map(), through: '' }))
  if (lacking.length === 0) return computed
  const stretches = stretchesOf(lacking)
  const compute = async (plan: SymbolPlan) => {
    cancelled.throwIfAborted()
    const { bars, first, runs } = plan
    // a thread is sent what it reads, not a timestamp a row
    const task = { bars: { ...bars, adjustedClose: undefined, knownAt: [] }, actions: snapshot.actions(bars.symbol), first, runs }
    return { plan, columns: runs.length === 0 ? [] : await pool.compute(task) }
  }
  const reach = Math.max(...lacking.flatMap(({ missing }) => missing.map((column) => column.ahead)))
  for await (const { plan, columns } of ahead(await planSymbols(snapshot, symbols, lacking, stretches), symbolsAtATime, compute)) {
    const { symbol, sessions } = plan.bars
    lacking.forEach(({ slice, missing }, index) => {
      const { from, to } = rowsOf(slice, sessions)
      if (from === to) return
      const { rows, parts, through } = computed[index]!
      rows.push({ symbol, sessions: sessions.slice(from, to) })
      computed[index]!.through = latest(through, sessions[to - 1 + reach])
      plan.runs.forEach(({ expressions, keep }, run) => {
        if (keep.from > from || keep.to < to) return
        const wanted = new Set(missing.map(({ text }) => text))
        expressions.forEach((text, column) => {
          if (!wanted.has(text) || parts.get(text)?.length === rows.length) return
          const part = columns[run]![column]!.subarray(from - keep.from, to - keep.from)
          parts.set(text, [...(parts.get(text) ?? []), part])
        })
      })
    })
  }
  return computed
}

/** Slices that lack the same columns, which are computed in one run. */
type Stretch = { slices: Slice[]; texts: string[]; classes: RestartClass[]; fromFirst: number[]; reach: number }

function stretchesOf(lacking: readonly Lacking[]): Stretch[] {
  const stretches = new Map<string, Stretch>()
  for (const { slice, missing } of lacking) {
    const texts = [...new Set(missing.map(({ text }) => text))]
    const key = JSON.stringify(texts)
    const reach = Math.max(...missing.map((column) => column.ahead))
    const stretch = stretches.get(key) ?? { slices: [], texts, ...restartClasses(texts.map(parse)), reach }
    stretch.slices.push(slice)
    stretches.set(key, stretch)
  }
  return [...stretches.values()]
}

type SymbolPlan = { bars: BarColumns; first: Factors; runs: Run[] }

/** Later bars first; all of them where some symbol's answers depend on earlier ones. */
async function planSymbols(
  snapshot: SnapshotBars & LaterBars,
  symbols: readonly string[],
  lacking: readonly Lacking[],
  stretches: readonly Stretch[],
): Promise<SymbolPlan[]> {
  const listed = new Map(snapshot.manifest.symbols.map((each) => [each.symbol, each]))
  const read = async (month: string): Promise<SymbolPlan[] | undefined> => {
    const bars = await snapshot.barsSince(symbols, month)
    const plans: SymbolPlan[] = []
    for (const symbol of symbols) {
      const own = bars.get(symbol)
      if (own === undefined) continue
      const { rows, firstSession } = listed.get(symbol)!
      const earlier = rows - own.sessions.length
      const first = earlier === 0 ? { price: 1, shares: 1 } : factorsAt(own.sessions[0]!, firstSession, snapshot.actions(symbol))
      const runs = runsOf(stretches, own.sessions, earlier)
      if (first === undefined || runs.some((run) => run.read.from < 0)) return undefined
      plans.push({ bars: own, first, runs })
    }
    return plans
  }
  const later = stretches.some(({ fromFirst }) => fromFirst.length > 0) ? undefined : await read(monthsBefore(lacking[0]!.slice, stretches))
  return later ?? (await read('')) ?? []
}

/** The runs over bars of which `earlier` are not at hand; one that would begin among those has a negative row. */
function runsOf(stretches: readonly Stretch[], sessions: readonly string[], earlier: number): Run[] {
  const runs: Run[] = []
  for (const { slices, texts, classes, fromFirst, reach } of stretches) {
    const ranges = slices.map((slice) => rowsOf(slice, sessions)).filter(({ from, to }) => to > from)
    if (ranges.length === 0) continue
    const keep = { from: ranges[0]!.from, to: ranges.at(-1)!.to }
    const to = Math.min(sessions.length, keep.to + reach)
    const starts = classes.map((each) => ({ members: each.members, from: restartRow(each, keep.from + earlier) - earlier }))
    if (fromFirst.length > 0) starts.push({ members: fromFirst, from: -earlier })
    // what begins in one place shares its steps
    for (const from of new Set(starts.map((start) => start.from))) {
      const members = starts.filter((start) => start.from === from).flatMap((start) => start.members)
      runs.push({ expressions: members.sort((a, b) => a - b).map((index) => texts[index]!), read: { from, to }, keep })
    }
  }
  return runs
}

/** Fewer than a month has: a month or two too early costs little, and all bars are read when it was too late. */
const sessionsAMonth = 18

/** A month from which on most symbols have the rows that the first slice reads. */
function monthsBefore({ months }: Slice, stretches: readonly Stretch[]): string {
  const rows = Math.max(...stretches.flatMap(({ classes }) => classes.map(({ every, history }) => every + history)))
  const [year, month] = months[0]!.split('-').map(Number) as [number, number]
  const first = year * 12 + month - 1 - Math.ceil(rows / sessionsAMonth)
  return first < 0 ? '' : `${String(Math.floor(first / 12)).padStart(4, '0')}-${String((first % 12) + 1).padStart(2, '0')}`
}

/** The later month; null when one is not there. */
const latest = (through: string | null, session: string | undefined): string | null => {
  if (through === null || session === undefined) return null
  return monthOf(session) > through ? monthOf(session) : through
}
