import type { FeatureCheck } from '#contracts/feature-checks.ts'
import type { FeatureBuildManifest } from '#contracts/features.ts'
import { describeColumn } from '#domain/features/column-statistics.ts'
import type { GivenColumns } from '#domain/features/compute-features.ts'
import type { SymbolHistory } from '#domain/features/compute-market.ts'
import { concatenateFloats } from '#domain/concatenate.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import { changedPast } from '#domain/trust/look-ahead.ts'
import { WarmUpTally } from '#domain/trust/warm-up.ts'
import type { SymbolSlice } from './decoded-build.ts'
import type { ColumnComputer } from './thread-pool.ts'

/** in sessions, the row's own included */
export const warmUpLengths = [20, 60, 120, 250, 500]

export type Found = Pick<FeatureCheck, 'lookAhead' | 'warmUp'>

export type CutHistory = { values: Float32Array; places: Int32Array; cutAfter: string }

/** What comes out of comparing a build's features with those of shorter histories. */
export class Recheck {
  cuts = 0
  rows = 0
  private cells = 0
  private readonly manifest: FeatureBuildManifest
  private readonly slices: readonly SymbolSlice[]
  private readonly tallies: ReadonlyMap<string, WarmUpTally>
  private readonly changed = new Map<string, Found['lookAhead']['features'][number]>()

  constructor(manifest: FeatureBuildManifest, slices: readonly SymbolSlice[]) {
    this.manifest = manifest
    this.slices = slices
    this.tallies = new Map(manifest.columns.map(({ name }) => [name, new WarmUpTally(warmUpLengths)]))
  }

  /** A feature of a symbol as it comes from a history that ends at a cut; `places` are those of the build's rows in it. */
  compare(name: string, slice: SymbolSlice, { values, places, cutAfter }: CutHistory): void {
    const cut = Float32Array.from(
      places.filter((place) => place < values.length),
      (place) => values[place]!,
    )
    this.cells += cut.length
    const past = changedPast(slice.column(name), cut)
    if (past === undefined) return
    const known = this.changed.get(name)
    if (known !== undefined) known.cells += past.cells
    else
      this.changed.set(name, {
        name,
        cells: past.cells,
        symbol: slice.symbol,
        session: sessionOf(slice.days[past.first.row]!),
        cutAfter,
        stored: numberOrNull(past.first.whole),
        recomputed: numberOrNull(past.first.cut),
      })
  }

  warmUp(name: string, length: number, stored: number, late: number): void {
    this.tallies.get(name)!.add(length, stored, late)
  }

  found(): Found {
    const { cuts, cells, rows, changed } = this
    const { columns } = this.manifest
    return {
      lookAhead: { symbols: this.slices.length, cuts, cells, features: columns.flatMap(({ name }) => changed.get(name) ?? []) },
      warmUp: {
        rows,
        lengths: [...warmUpLengths],
        features: columns.map(({ name, lookback }) => ({ name, lookback, ...this.tallies.get(name)!.result(this.varianceOf(name)) })),
      },
    }
  }

  private varianceOf(name: string): number | null {
    const { deviation } = describeColumn(concatenateFloats(this.slices.map((slice) => slice.column(name))))
    return deviation === null ? null : deviation ** 2
  }
}

/** Columns of one symbol over all of its bars; `given` are the cross-sections that they read. */
export async function computeWhole(
  pool: ColumnComputer,
  expressions: readonly string[],
  { bars, actions }: SymbolHistory,
  given?: GivenColumns,
): Promise<Float32Array[]> {
  const all = { from: 0, to: bars.sessions.length }
  const runs = [{ expressions: [...expressions], read: all, keep: all }]
  const task = { bars: { ...bars, adjustedClose: undefined, knownAt: [] }, actions: [...actions], earlier: undefined, runs, given }
  const { columns } = await pool.compute([task])
  return columns[0]![0]!
}

const numberOrNull = (value: number) => (Number.isFinite(value) ? value : null)
