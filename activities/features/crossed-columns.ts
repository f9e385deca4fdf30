/** The cross-sections that columns of one group read, slice by slice: what names them, and their values. */
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureShard } from '#contracts/features.ts'
import { parse } from '#domain/expressions/parse.ts'
import { ownReach } from '#domain/expressions/reach.ts'
import { historyOf } from '#domain/expressions/restart.ts'
import { crossSectionsRead } from '#domain/expressions/stages.ts'
import type { GivenColumns } from '#domain/features/compute-features.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { Slice } from '#domain/features/slices.ts'
import { concatenateFloats } from '#domain/concatenate.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { monthOf } from '#domain/market/month-contents.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import { sha256 } from '#domain/sha256.ts'
import type { HeldColumns, Holder } from './held-shards.ts'
import { readColumns, readRows } from './shard-file.ts'
import { readStagedShard, type StagedColumns } from './staged-columns.ts'

/** How columns read cross-sections: which, whether at earlier rows too, and how many rows ahead. */
export type CrossReading = { texts: ReadonlySet<string>; back: boolean; ahead: number }

export function crossReadingOf(columns: readonly ShardColumn[]): CrossReading {
  const reading = { texts: new Set<string>(), back: false, ahead: 0 }
  for (const { text } of columns) {
    const { texts, back, ahead } = readings.of(text, () => readingOf(text))
    if (texts.size === 0) continue
    for (const each of texts) reading.texts.add(each)
    reading.back ||= back
    reading.ahead = Math.max(reading.ahead, ahead)
  }
  return reading
}

/** Each batch of a build asks for the same few hundred columns. */
const readings = new RecentlyUsed<CrossReading>(4096)

function readingOf(text: string): CrossReading {
  const expression = parse(text)
  const { recursive, to } = ownReach(expression)
  const texts = new Set(crossSectionsRead(expression).map((read) => read.text))
  return { texts, back: recursive || historyOf(expression) > 0, ahead: to }
}

/** Shards of one list of columns, by the place of their slice; none where the group has no row. */
type Source = { texts: string[]; shards: (FeatureShard | undefined)[] }

export class CrossedColumns {
  private readonly world: Holder
  private readonly slices: readonly Slice[]
  private readonly reading: CrossReading
  private readonly sources: Source[]
  private readonly read = new Map<FeatureShard, Promise<SymbolColumns>>()

  constructor(world: Holder, staged: readonly StagedColumns[], group: number, slices: readonly Slice[], reading: CrossReading) {
    this.world = world
    this.slices = slices
    this.reading = reading
    this.sources = staged.flatMap(({ columns, groups }) => {
      const texts = columns.map(({ text }) => text).filter((text) => reading.texts.has(text))
      const shards = groups.find((each) => each.group === group)?.shards ?? []
      if (texts.length === 0) return []
      return [{ texts, shards: slices.map(({ months }) => shards.find(({ firstSession }) => months.includes(monthOf(firstSession)))) }]
    })
  }

  /**
   * Keys of the slices, by what the group itself is known by: the content of the cross-sections that the rows read, of this
   * slice, of all before where they read back, and of those in which their symbols have their next rows where they read ahead.
   */
  keys(own: readonly string[]): string[] {
    let before = ''
    return own.map((key, at) => {
      const here = this.sources.map(({ shards }) => shards[at]?.object.sha256 ?? null)
      if (this.reading.back) before = hashOf([before, here])
      return hashOf(['crossed', key, this.reading.back ? before : here, this.sources.map(({ shards }) => this.laterOf(shards, at))])
    })
  }

  /** Adds the columns that are cross-sections themselves. */
  async addTo(held: HeldColumns, columns: readonly ShardColumn[], at: number): Promise<void> {
    const wanted = new Set(columns.map(({ text }) => text))
    for (const { texts, shards } of this.sources) {
      const own = texts.filter((text) => wanted.has(text) && !held.columns.has(text))
      const shard = shards[at]
      if (own.length === 0 || shard === undefined) continue
      const bytes = await readStagedShard(this.world, shard)
      for (const [text, values] of readColumns(bytes, own)) held.columns.set(text, values)
      if (held.rows.length === 0) held.rows = readRows(bytes)
    }
  }

  /** What the expressions read beside the bars of a symbol, which are of whole slices from one on. */
  async of({ symbol, sessions }: BarColumns, texts: ReadonlySet<string>): Promise<GivenColumns> {
    const given = new Map<string, Float32Array>()
    const first = sessions[0]
    if (first === undefined) return given
    const from = this.slices.findIndex(({ months }) => months.at(-1)! >= monthOf(first))
    for (const source of this.sources)
      for (const text of source.texts.filter((each) => texts.has(each))) {
        const parts = await Promise.all(
          source.shards.slice(from).flatMap((shard) => (shard?.symbols.includes(symbol) ? [this.column(source, shard, symbol, text)] : [])),
        )
        // one part is a view of a whole shard, which a thread need not be sent
        const values = parts.length === 1 ? parts[0]!.slice() : concatenateFloats(parts)
        if (values.length !== sessions.length)
          throw new QuantloopError(
            'object_corrupt',
            `the shards of ${text} hold ${values.length} rows of ${symbol}, not ${sessions.length}`,
            {
              symbol,
            },
          )
        given.set(text, values)
      }
    return given
  }

  private async column({ texts }: Source, shard: FeatureShard, symbol: string, text: string): Promise<Float32Array> {
    const known = this.read.get(shard) ?? readStagedShard(this.world, shard).then((bytes) => bySymbol(bytes, texts))
    this.read.set(shard, known)
    return (await known).get(symbol)!.get(text)!
  }

  /** Of each symbol the next shards that have it, as many as it reads rows ahead: each has one row of it or more. */
  private laterOf(shards: Source['shards'], at: number): string[] {
    const { ahead } = this.reading
    const later = new Set<FeatureShard>()
    if (ahead > 0)
      for (const symbol of shards[at]?.symbols ?? [])
        for (const shard of shards
          .slice(at + 1)
          .filter((each) => each?.symbols.includes(symbol))
          .slice(0, ahead))
          later.add(shard!)
    return shards.filter((shard) => shard !== undefined && later.has(shard)).map((shard) => shard!.object.sha256)
  }
}

type SymbolColumns = Map<string, Map<string, Float32Array>>

function bySymbol(bytes: Uint8Array, texts: readonly string[]): SymbolColumns {
  const columns = readColumns(bytes, texts)
  const found: SymbolColumns = new Map()
  let from = 0
  for (const { symbol, sessions } of readRows(bytes)) {
    const to = from + sessions.length
    const start = from
    found.set(symbol, new Map([...columns].map(([text, values]) => [text, values.subarray(start, to)])))
    from = to
  }
  return found
}

const hashOf = (value: unknown): string => sha256(JSON.stringify(value))
