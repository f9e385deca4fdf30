/**
 * Shards of a build with a universe hold the rows of members and no others. They are cut from shards of all rows, which are
 * computed, found and kept as those of a build of all symbols, so that both share them. A cut shard is known by what its
 * full one is known by and who of its group is no member in the slice; where all are members the full shard serves.
 */
import type { FeatureShard } from '#contracts/features.ts'
import type { ColumnList } from '#db/commands/remember-shards.ts'
import { type CachedShard, findStates } from '#db/queries/cached-shards.ts'
import { countNonFinite } from '#domain/features/non-finite.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import { nothingAhead, readAhead } from '#domain/features/slice-keys.ts'
import { firstFrom, type Slice } from '#domain/features/slices.ts'
import { compareText } from '#domain/market/actions.ts'
import type { Membership } from '#domain/market/membership.ts'
import { sha256 } from '#domain/sha256.ts'
import type { NewShard } from './assemble-shard.ts'
import type { RowRange } from './runs.ts'
import type { GroupBars } from './group-bars.ts'
import { type Holder, holdSlice, type WholeShard } from './held-shards.ts'
import { findKnownEnds } from './known-ends.ts'
import { featuresOf, type NewestRow, newestOf } from './newest-rows.ts'
import type { PlannedGroup } from './plan-group.ts'
import { type NamedColumn, readColumns, readRows, type SymbolRows } from './shard-file.ts'
import { readStagedShard } from './staged-columns.ts'

/** Rows of all symbols with their columns, and how their slice ends for each symbol. */
type FullRows = Pick<NewShard, 'rows' | 'named' | 'ends' | 'states' | 'asked' | 'cached'>

export class MemberShards {
  /** what a slice's cut shard is found under; undefined where the full one serves */
  readonly keys: (string | undefined)[]
  private readonly empty: boolean[]
  private readonly world: Holder
  private readonly members: Membership
  private readonly list: ColumnList
  private readonly group: PlannedGroup

  /** `full` are the keys of the full shards, slice by slice. */
  constructor(world: Holder, members: Membership, list: ColumnList, group: PlannedGroup, full: readonly string[]) {
    this.world = world
    this.members = members
    this.list = list
    this.group = group
    this.empty = group.slices.map(({ slice }) => {
      const { from, to } = daysOf(slice)
      return group.symbols.every((symbol) => members.between(symbol, from, to).length === 0)
    })
    this.keys = group.slices.map(({ slice }, index) => {
      const { from, to } = daysOf(slice)
      const exceptions = members.exceptions(group.symbols, from, to)
      return exceptions.length === 0 ? undefined : sha256(JSON.stringify(['members', full[index], exceptions]))
    })
  }

  /** Whether no symbol of the group is a member in the slice: nothing of it is asked for. */
  isEmpty(index: number): boolean {
    return this.empty[index]!
  }

  /** The cut shard of a slice, if some build has stored it. */
  async hold(index: number, found: ReadonlyMap<string, readonly CachedShard[]>, bars: GroupBars): Promise<WholeShard | undefined> {
    const shards = (found.get(this.keys[index] ?? '') ?? []).filter(({ columnsHash }) => columnsHash === this.list.hash)
    if (shards.length === 0) return undefined
    const { slice } = this.group.slices[index]!
    const { contents } = this.group
    const held = await holdSlice(this.world, { slice, last: new Set(), contents, ...this.list }, shards, bars)
    return 'whole' in held ? held.whole : undefined
  }

  /** Shards that were assembled of all rows, and what is cut from them. */
  async cut(index: number, shards: readonly NewShard[], bars: GroupBars): Promise<NewShard[]> {
    if (this.keys[index] === undefined) return [...shards]
    const cut: NewShard[] = []
    for (const shard of shards) cut.push({ ...shard, passing: true }, ...(await this.cutRows(index, shard, bars)))
    return cut
  }

  /** What is cut from a shard of all rows that is in the store; nothing when it is the answer itself. */
  async cutStored(
    index: number,
    { key, shard }: CachedShard,
    counts: Pick<NewShard, 'asked' | 'cached'>,
    bars: GroupBars,
  ): Promise<NewShard[] | undefined> {
    if (this.keys[index] === undefined || this.keys[index] === key) return undefined
    const bytes = await readStagedShard(this.world, shard)
    const named = [...readColumns(bytes, this.names)].map(([name, values]) => ({ name, values }))
    const ends = (await findKnownEnds(this.world.db, [key])).get(key) ?? {}
    const states = (await findStates(this.world.db, [key])).get(key) ?? new Map<string, never>()
    return await this.cutRows(index, { rows: readRows(bytes), named, ends, states, ...counts }, bars)
  }

  /** The last row of each symbol that is a member on the last session of its group, and until when it is one. */
  async newest(shards: readonly FeatureShard[]): Promise<NewestRow[]> {
    const last = new Map<string, FeatureShard>()
    for (const shard of shards) for (const symbol of shard.symbols) last.set(symbol, shard)
    const end = shards.map(({ lastSession }) => lastSession).reduce((a, b) => (a > b ? a : b), '')
    const rows: NewestRow[] = []
    for (const shard of new Set(last.values())) {
      const symbols = shard.symbols.filter((symbol) => last.get(symbol) === shard && this.members.spanOn(symbol, end) !== undefined)
      if (symbols.length === 0) continue
      const bytes = await readStagedShard(this.world, shard)
      const columns = [...readColumns(bytes, this.names).values()]
      for (const row of newestOf(readRows(bytes), featuresOf(columns), new Set(symbols)))
        rows.push({ ...row, memberUntil: this.members.spanOn(row.symbol, row.session)!.to })
    }
    return rows
  }

  private get names(): string[] {
    return this.list.columns.map(({ name }) => name)
  }

  private async cutRows(index: number, { rows: all, named, ends, states, asked, cached }: FullRows, bars: GroupBars): Promise<NewShard[]> {
    const { slice } = this.group.slices[index]!
    const { rows, ranges, counted } = memberRows(all, this.members, slice, ends)
    if (rows.length === 0) return []
    const columns = named.map(({ name, values }): NamedColumn => ({ name, values: rowsIn(values, ranges) }))
    const reach = Math.max(...this.list.columns.map(({ ahead }) => ahead))
    const later = reach === 0 ? undefined : await bars.after(slice)
    const read = later && { symbols: rows.map(({ symbol }) => symbol), bars: later.bars }
    return [
      {
        keys: [this.keys[index]!],
        place: null,
        rows,
        named: columns,
        sessions: [...new Set(rows.flatMap(({ sessions }) => sessions))].sort(compareText),
        newest: [],
        last: new Set(),
        ahead: read === undefined ? nothingAhead : readAhead(slice, reach, read, this.group.contents),
        ends,
        states,
        nonFinite: countNonFinite(
          counted,
          columns.slice(0, -2).map((column, at) => ({ ...column, lookback: this.list.columns[at]!.lookback })),
        ),
        asked,
        cached,
      },
    ]
  }
}

/** Texts that bound the days of a slice, whichever its months have. */
const daysOf = ({ months }: Slice) => ({ from: `${months[0]!}-01`, to: `${months.at(-1)!}-31` })

/** Of rows by symbol those of members: where they stand among all, and each stretch of them with how many rows its symbol has before it. */
function memberRows(all: readonly SymbolRows[], members: Membership, slice: Slice, ends: SeriesEnds) {
  const { from, to } = daysOf(slice)
  const rows: SymbolRows[] = []
  const ranges: RowRange[] = []
  const counted: Parameters<typeof countNonFinite>[0][number][] = []
  let start = 0
  for (const { symbol, sessions } of all) {
    const before = (ends[symbol]?.rows ?? sessions.length) - sessions.length
    const own: string[] = []
    for (const span of members.between(symbol, from, to)) {
      // no session has a longer text
      const [first, last] = [firstFrom(sessions, span.from), firstFrom(sessions, `${span.to}~`)]
      if (first === last) continue
      const stretch = sessions.slice(first, last)
      own.push(...stretch)
      ranges.push({ from: start + first, to: start + last })
      counted.push({ symbol, sessions: stretch, earlier: before + first })
    }
    if (own.length > 0) rows.push({ symbol, sessions: own })
    start += sessions.length
  }
  return { rows, ranges, counted }
}

function rowsIn(values: Float32Array, ranges: readonly RowRange[]): Float32Array {
  const out = new Float32Array(ranges.reduce((rows, { from, to }) => rows + to - from, 0))
  let at = 0
  for (const { from, to } of ranges) {
    out.set(values.subarray(from, to), at)
    at += to - from
  }
  return out
}
