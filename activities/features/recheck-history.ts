import type { FeatureCheck } from '#contracts/feature-checks.ts'
import type { FeatureBuild, FeatureBuildManifest } from '#contracts/features.ts'
import { describeColumn } from '#domain/features/column-statistics.ts'
import { copyBars } from '#domain/market/bars.ts'
import { adjustBars } from '#domain/market/factors.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import { seededWholeNumbers, type WholeNumbers } from '#domain/monitoring/random.ts'
import { changedPast, drawCuts, truncated } from '#domain/trust/look-ahead.ts'
import { WarmUpTally } from '#domain/trust/warm-up.ts'
import { slicesBySymbols, type SymbolSlice } from './decoded-build.ts'
import type { ShardWorld } from './compute-shards.ts'
import { openBars } from './open-bars.ts'
import { concatenateFloats } from '#domain/concatenate.ts'

const mostSymbols = 20
const cutsOfASymbol = 8
const rowsOfASymbol = 4
/** in sessions, the row's own included */
const lengths = [20, 60, 120, 250, 500]

type Checked = { build: FeatureBuild; manifest: FeatureBuildManifest; seed: number }
type Found = Pick<FeatureCheck, 'lookAhead' | 'warmUp'>

/**
 * Computes some symbols of a build again, over histories that end earlier (looking ahead) and over such that begin later
 * (warm-up), and compares with what the build holds. Which symbols, cuts and rows follows from the seed.
 * @throws QuantloopError snapshot_not_found | object_missing | object_corrupt | unavailable
 */
export async function recheckHistory(world: ShardWorld, { build, manifest, seed }: Checked, cancelled: AbortSignal): Promise<Found> {
  const draw = seededWholeNumbers(seed)
  const symbols = drawSymbols(new Set(manifest.shards.flatMap((shard) => shard.symbols)), draw)
  const snapshot = await openBars(world, build, symbols)
  const names = manifest.columns.map(({ name }) => name)
  const tallies = names.map(() => new WarmUpTally(lengths))
  const columns: Float32Array[][] = names.map(() => [])
  const changed = new Map<string, FeatureCheck['lookAhead']['features'][number]>()
  const counted = { symbols: 0, cuts: 0, cells: 0, rows: 0 }

  for (const slice of await slicesOf(world, manifest, symbols)) {
    const bars = await snapshot.bars(slice.symbol)
    const actions = snapshot.actions(slice.symbol)
    const stored = names.map((name) => slice.column(name))
    stored.forEach((column, feature) => columns[feature]!.push(column))
    counted.symbols++
    for (const rows of drawCuts(bars.sessions.length, cutsOfASymbol, draw)) {
      cancelled.throwIfAborted()
      const recomputed = await compute(world, manifest, truncated(bars, actions, rows))
      counted.cuts++
      counted.cells += rows * names.length
      recomputed.forEach((cut, feature) => note(changed, names[feature]!, slice, stored[feature]!, cut))
    }
    // later starts of the same prices: factors count from a symbol's first bar, and are not what is looked at
    const adjusted = { ...adjustBars(bars, actions), knownAt: bars.knownAt }
    for (const row of drawRows(bars.sessions.length, draw)) {
      counted.rows++
      for (const length of lengths.filter((each) => each <= row + 1)) {
        cancelled.throwIfAborted()
        const late = await compute(world, manifest, { bars: copyBars(adjusted, row + 1 - length, row + 1), actions: [] })
        late.forEach((column, feature) => tallies[feature]!.add(length, stored[feature]![row]!, column[length - 1]!))
      }
    }
  }
  return {
    lookAhead: {
      symbols: counted.symbols,
      cuts: counted.cuts,
      cells: counted.cells,
      features: names.flatMap((name) => changed.get(name) ?? []),
    },
    warmUp: {
      rows: counted.rows,
      lengths,
      features: manifest.columns.map(({ name, lookback }, feature) => ({
        name,
        lookback,
        ...tallies[feature]!.result(varianceOf(columns[feature]!)),
      })),
    },
  }
}

/** Some of them, each as likely as the others, in order. */
function drawSymbols(symbols: ReadonlySet<string>, draw: WholeNumbers): Set<string> {
  const left = [...symbols].sort()
  const drawn = new Set<string>()
  while (left.length > 0 && drawn.size < mostSymbols) drawn.add(left.splice(draw(left.length), 1)[0]!)
  return drawn
}

/** Rows with as much history as there is, up to the longest warm-up. */
function drawRows(rows: number, draw: WholeNumbers): number[] {
  const first = Math.min(lengths.at(-1)!, rows) - 1
  return rows === 0 ? [] : [...new Set(Array.from({ length: rowsOfASymbol }, () => first + draw(rows - first)))].sort((a, b) => a - b)
}

async function slicesOf({ objects }: ShardWorld, manifest: FeatureBuildManifest, symbols: Set<string>): Promise<SymbolSlice[]> {
  const shards = manifest.shards.filter((shard) => shard.symbols.some((symbol) => symbols.has(symbol)))
  const found: SymbolSlice[] = []
  for await (const slices of slicesBySymbols(objects, { ...manifest, shards }))
    found.push(...slices.filter(({ symbol }) => symbols.has(symbol)))
  return found
}

async function compute(
  { pool }: ShardWorld,
  { columns }: FeatureBuildManifest,
  { bars, actions }: ReturnType<typeof truncated>,
): Promise<Float32Array[]> {
  const all = { from: 0, to: bars.sessions.length }
  const runs = [{ expressions: columns.map(({ expression }) => expression), read: all, keep: all }]
  const [columnsOfRuns] = await pool.compute([
    { bars: { ...bars, adjustedClose: undefined, knownAt: [] }, actions, earlier: undefined, runs },
  ])
  return columnsOfRuns![0]!
}

function note(
  changed: Map<string, FeatureCheck['lookAhead']['features'][number]>,
  name: string,
  { symbol, days }: SymbolSlice,
  stored: Float32Array,
  cut: Float32Array,
): void {
  const past = changedPast(stored, cut)
  if (past === undefined) return
  const known = changed.get(name)
  if (known !== undefined) known.cells += past.cells
  else
    changed.set(name, {
      name,
      cells: past.cells,
      symbol,
      session: sessionOf(days[past.first.row]!),
      cutAfter: sessionOf(days[cut.length - 1]!),
      stored: numberOrNull(past.first.whole),
      recomputed: numberOrNull(past.first.cut),
    })
}

const numberOrNull = (value: number) => (Number.isFinite(value) ? value : null)

function varianceOf(parts: readonly Float32Array[]): number | null {
  const { deviation } = describeColumn(concatenateFloats(parts))
  return deviation === null ? null : deviation ** 2
}
