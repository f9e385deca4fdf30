/**
 * What is known of a group's recursive steps at the ends of its slices, and of shards that earlier builds stored: as in
 * series-ends.ts, whatever snapshot those were of.
 */
import type { Database } from '#db/client.ts'
import { findStates } from '#db/queries/cached-shards.ts'
import type { KnownStates } from '#domain/expressions/starts.ts'
import type { Series } from '#domain/features/series-ends.ts'
import type { SliceStates } from '#domain/features/slice-states.ts'
import { rowsOf, type Slice } from '#domain/features/slices.ts'
import { monthOf } from '#domain/market/month-contents.ts'
import type { EarlierShard, KeptRows, Lacking } from './earlier-shards.ts'
import type { PlannedGroup } from './plan-group.ts'

export class StoredStates {
  private readonly db: Database
  private readonly slices: readonly { slice: Slice; keys: string[] }[]

  /** `otherKeys` also name shards of the slices, of all that the columns read. */
  constructor(db: Database, { slices }: PlannedGroup, ...otherKeys: readonly (readonly (string | undefined)[] | undefined)[]) {
    this.db = db
    this.slices = slices.map(({ slice, key }, index) => ({
      slice,
      keys: [key, ...otherKeys.map((keys) => keys?.[index])].filter((each) => each !== undefined),
    }))
  }

  /** Where slices begin from the one of a month on to the first that is lacking, and of the earlier shards of those. */
  async read(month: string, lacking: readonly Lacking[]): Promise<GroupStates> {
    const earlier = lacking.flatMap((each) => each.earlier)
    const end = this.slices.findIndex(({ slice }) => slice === lacking[0]!.slice)
    const first = this.slices.findIndex(({ slice }) => slice.months.at(-1)! >= month)
    // a slice begins where the one before ends
    const wanted = this.slices.slice(Math.max(0, first - 1), end)
    const found = await findStates(this.db, [...wanted.flatMap(({ keys }) => keys), ...earlier.map(({ key }) => key)])
    return new GroupStates(
      wanted.map(({ slice, keys }) => ({ slice, states: keys.flatMap((key) => found.get(key) ?? []) })),
      new Map(earlier.map((shard) => [shard, found.get(shard.key)])),
    )
  }
}

export class GroupStates {
  private readonly slices: readonly { slice: Slice; states: readonly SliceStates[] }[]
  private readonly shards: ReadonlyMap<EarlierShard, SliceStates | undefined>

  constructor(
    slices: readonly { slice: Slice; states: readonly SliceStates[] }[],
    shards: ReadonlyMap<EarlierShard, SliceStates | undefined>,
  ) {
    this.slices = slices
    this.shards = shards
  }

  /** What is known of a symbol, by its rows from its first on; `kept` are those of earlier shards that are what they were. */
  of({ bars: { symbol, sessions }, earlier }: Series, kept: readonly KeptRows[]): KnownStates[] {
    const before = earlier?.rows ?? 0
    const known: KnownStates[] = []
    for (const { slice, states } of this.slices) {
      // its rows may end within those that are not at hand
      if (earlier !== undefined && slice.months.at(-1)! < monthOf(earlier.session)) continue
      const row = before + rowsOf(slice, sessions).to
      for (const each of states) if (each.has(symbol)) known.push({ row, states: each.get(symbol)! })
    }
    for (const { shard, to } of kept) {
      const states = this.shards.get(shard)?.get(symbol)
      if (states !== undefined) known.push({ row: before + to, states })
    }
    return known.sort((a, b) => a.row - b.row)
  }

  /** Those of a symbol at the end of an earlier shard. */
  at(shard: EarlierShard, symbol: string): ReadonlyMap<string, Float64Array> {
    return this.shards.get(shard)?.get(symbol) ?? new Map<string, never>()
  }
}

/** Of columns none of which is recursive. */
export const nothingKnown = new GroupStates([], new Map())
