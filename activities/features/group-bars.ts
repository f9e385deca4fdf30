import type { Database } from '#db/client.ts'
import { onCalendar } from '#domain/features/calendar-grid.ts'
import type { SeriesEnd, SeriesEnds } from '#domain/features/series-ends.ts'
import type { Slice } from '#domain/features/slices.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import type { LaterBars, SnapshotBars } from '../snapshots.ts'
import { findKnownEnds } from './known-ends.ts'
import type { PlannedGroup } from './plan-group.ts'

/** Bars on the calendar by symbol, of those that have any; `earlier` are the last rows before them. */
export type ReadBars = { bars: ReadonlyMap<string, BarColumns>; earlier: ReadonlyMap<string, SeriesEnd> }

/**
 * The bars of a group, read once and no further back than they are needed: a slice that some build has computed says how
 * it ends. Where none says so, or what it says does not fit the snapshot, all bars are read.
 */
export class GroupBars {
  private readonly db: Database
  private readonly snapshot: SnapshotBars & LaterBars
  private readonly group: PlannedGroup
  private readonly otherKeys: readonly (string | undefined)[]
  private needed = '9999-12'
  private start = '9999-12'
  private read: Promise<ReadBars> | undefined

  /** `otherKeys` also name shards that say how a slice ends, slice by slice. */
  constructor(db: Database, snapshot: SnapshotBars & LaterBars, group: PlannedGroup, otherKeys: readonly (string | undefined)[] = []) {
    this.db = db
    this.snapshot = snapshot
    this.group = group
    this.otherKeys = otherKeys
  }

  /** Says that bars from this month on will be asked for: whoever asks first reads them all. */
  expect(month: string): void {
    if (month < this.needed) this.needed = month
  }

  /** Whole slices from the one of this month on, or more. */
  async from(month: string): Promise<ReadBars> {
    this.expect(month)
    return await this.since(this.group.slices.findLastIndex(({ slice }) => slice.months.at(-1)! < this.needed) + 1)
  }

  /** By symbol how the slice before one ends, as far as some build has computed that. */
  async endsBefore(slice: Slice): Promise<SeriesEnds> {
    const index = this.group.slices.findIndex((planned) => planned.slice === slice)
    const before = this.group.slices[index - 1]
    return (before && (await findKnownEnds(this.db, [before.key])).get(before.key)) ?? {}
  }

  /** The slices after one, or more. */
  async after(slice: Slice): Promise<ReadBars> {
    const next = this.group.slices.findIndex((planned) => planned.slice === slice) + 1
    const first = this.group.slices[next]
    return first === undefined ? { bars: new Map(), earlier: new Map() } : await this.from(first.slice.months[0]!)
  }

  async all(): Promise<ReadBars> {
    if (this.start !== '') {
      this.start = ''
      this.read = this.readAll()
    }
    return await this.read!
  }

  private async since(index: number): Promise<ReadBars> {
    if (index === 0) return await this.all()
    const start = this.group.slices[index]!.slice.months[0]!
    if (start < this.start) {
      this.start = start
      this.read = this.readFrom(
        start,
        [this.group.slices[index - 1]!.key, this.otherKeys[index - 1]].filter((key) => key !== undefined),
      )
    }
    return await this.read!
  }

  private async readAll(): Promise<ReadBars> {
    const found = await this.snapshot.barsSince(this.group.symbols, '')
    return { bars: new Map([...found].map(([symbol, bars]) => [symbol, onCalendar(bars, this.group.calendar)])), earlier: new Map() }
  }

  private async readFrom(start: string, keysBefore: readonly string[]): Promise<ReadBars> {
    const [ends] = (await findKnownEnds(this.db, keysBefore)).values()
    if (ends === undefined) return await this.all()
    const bars = new Map<string, BarColumns>()
    const counted = new Map(Object.entries(ends).map(([symbol, end]) => [symbol, end.bars]))
    for (const [symbol, found] of await this.snapshot.barsSince(this.group.symbols, start)) {
      const from = found.sessions.findIndex((session) => session >= start)
      if (from === -1) continue
      const later = from === 0 ? found : sliceBars(found, from, found.sessions.length)
      // of a symbol that has earlier rows, a session without a bar before its next one is a row too
      bars.set(symbol, onCalendar(later, this.group.calendar, ends[symbol] && start))
      counted.set(symbol, (counted.get(symbol) ?? 0) + later.sessions.length)
    }
    const fits = this.group.bars.every(({ symbol, rows }) => counted.get(symbol) === rows)
    return fits ? { bars, earlier: new Map(Object.entries(ends)) } : await this.all()
  }
}
