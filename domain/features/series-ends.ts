import { createHash } from 'node:crypto'
import type { CorporateAction } from '../market/actions.ts'
import { type BarColumns, columnIfAny } from '../market/bars.ts'
import { type AdjustedColumn, type EarlierRow, type Factors, priceFactors, splitFactors, writeAdjusted } from '../market/factors.ts'
import { monthOf } from '../market/month-contents.ts'
import { countBars } from './calendar-grid.ts'
import { firstFrom, rowsOf, type Slice } from './slices.ts'

/**
 * A symbol's last row up to the end of a slice, how many rows it is the last of, and how many of those have a bar.
 * `content` is the hash of all that features read of these rows.
 */
export type SeriesEnd = EarlierRow & { rows: number; bars: number; content: string }

/** By symbol. */
export type SeriesEnds = Record<string, SeriesEnd>

/** Characters of a content's hash: 128 bits of SHA-256 in base64url. */
const hashLength = 22

/**
 * The rows of one symbol, which go on from `earlier`, with their factors. What they hold is hashed month by month, each
 * month with what lies before it, so that the hash up to a row is the same however the rows before were cut or read.
 */
export class Series {
  readonly bars: BarColumns
  readonly earlier: SeriesEnd | undefined
  private readonly factors: Factors
  /** of the months that were hashed so far: the row after each, and the hash up to it */
  private readonly months: { to: number; content: string }[]

  /** `known` is how some later row of it ends: rows before that one need not be hashed again. */
  constructor(bars: BarColumns, actions: readonly CorporateAction[], earlier: SeriesEnd | undefined, known?: SeriesEnd) {
    this.bars = bars
    this.earlier = earlier
    this.factors = { price: priceFactors(bars, actions, earlier), shares: splitFactors(bars, actions, earlier) }
    this.months = [{ to: 0, content: earlier?.content ?? '' }]
    const to = known === undefined ? 0 : known.rows - (earlier?.rows ?? 0)
    if (to > 0) this.months.push({ to, content: known!.content })
  }

  /** How a slice ends; nothing when it does before the first bar. */
  endOf(slice: Slice): SeriesEnd | undefined {
    const { bars, earlier } = this
    const { to } = rowsOf(slice, bars.sessions)
    if (to === 0) return earlier
    return {
      session: bars.sessions[to - 1]!,
      close: lastClose(bars.close, to) ?? earlier!.close,
      price: this.factors.price[to - 1]!,
      shares: this.factors.shares[to - 1]!,
      rows: (earlier?.rows ?? 0) + to,
      bars: (earlier?.bars ?? 0) + countBars(bars, to),
      content: this.contentTo(to),
    }
  }

  /** Writes rows of an adjusted column into memory that is there, from `at` on; NaN where the bars have no such column. */
  writeAdjusted(name: AdjustedColumn, rows: { from: number; to: number }, out: Float64Array, at: number): void {
    writeAdjusted(name, this.bars, this.factors, rows, out, at)
  }

  /** The hash of what the rows before `to` hold, and of those before them. */
  contentTo(to: number): string {
    const { sessions } = this.bars
    for (let last = this.months.at(-1)!; last.to < to; last = this.months.at(-1)!) {
      const end = firstFrom(sessions, `${monthOf(sessions[last.to]!)}-99`)
      if (end > to) return this.hash(last.content, last.to, to)
      this.months.push({ to: end, content: this.hash(last.content, last.to, end) })
    }
    const known = this.months.findLast((month) => month.to <= to)!
    return known.to === to ? known.content : this.hash(known.content, known.to, to)
  }

  private hash(before: string, from: number, to: number): string {
    const { sessions, open, high, low, close, volume } = this.bars
    const vwap = this.bars.vwap && columnIfAny(this.bars.vwap.subarray(from, to))
    const columns = [open, high, low, close, volume, this.factors.price, this.factors.shares].map((column) => column.subarray(from, to))
    if (vwap !== undefined) columns.push(vwap)
    const values = new Float64Array(columns.length * (to - from))
    for (const [index, column] of columns.entries()) values.set(column, index * column.length)
    return createHash('sha256')
      .update(`${before} ${sessions.slice(from, to).join()} ${columns.length}`)
      .update(values)
      .digest('base64url')
      .slice(0, hashLength)
  }
}

/** Rows that have no bar have no close; the first row of all has one. */
function lastClose(closes: Float64Array, to: number): number | undefined {
  for (let row = to - 1; row >= 0; row--) if (!Number.isNaN(closes[row])) return closes[row]
  return undefined
}
