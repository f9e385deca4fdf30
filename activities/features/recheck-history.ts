import type { FeatureBuild, FeatureBuildManifest } from '#contracts/features.ts'
import { parse } from '#domain/expressions/parse.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { copyBars } from '#domain/market/bars.ts'
import { adjustBars } from '#domain/market/factors.ts'
import { seededWholeNumbers, type WholeNumbers } from '#domain/monitoring/random.ts'
import { drawCuts, truncated } from '#domain/trust/look-ahead.ts'
import type { SnapshotBars } from '../snapshots.ts'
import { placesOf, slicesBySymbols, type SymbolSlice } from './decoded-build.ts'
import type { ShardWorld } from './compute-shards.ts'
import { openBars } from './open-bars.ts'
import { computeWhole, type Found, Recheck, warmUpLengths as lengths } from './recheck.ts'
import { recheckMarket } from './recheck-market.ts'

const mostSymbols = 20
const cutsOfASymbol = 8
const rowsOfASymbol = 4

type Checked = { build: FeatureBuild; manifest: FeatureBuildManifest; seed: number }
/**
 * Computes some symbols of a build again, over histories that end earlier (looking ahead) and over such that begin later
 * (warm-up), and compares with what the build holds. Which symbols, cuts and rows follows from the seed. Features across
 * symbols are computed over histories of the whole market that end, or begin, at one session.
 * @throws QuantloopError snapshot_not_found | object_missing | object_corrupt | unavailable
 */
export async function recheckHistory(world: ShardWorld, { build, manifest, seed }: Checked, cancelled: AbortSignal): Promise<Found> {
  const draw = seededWholeNumbers(seed)
  const symbols = drawSymbols(new Set(manifest.shards.flatMap((shard) => shard.symbols)), draw)
  const slices = await slicesOf(world, manifest, symbols)
  const checked = new Recheck(manifest, slices)
  const [crossed, own] = [manifest.columns.filter(isCrossed), manifest.columns.filter((column) => !isCrossed(column))]
  if (own.length > 0) {
    const snapshot = await openBars(world, build, symbols)
    for (const slice of slices) await recheckSymbol(world, snapshot, slice, { columns: own, checked, draw, cancelled })
  }
  if (crossed.length > 0) await recheckMarket(world, { build, manifest, columns: crossed, slices, checked, draw }, cancelled)
  return checked.found()
}

type Drawn = { columns: FeatureBuildManifest['columns']; checked: Recheck; draw: WholeNumbers; cancelled: AbortSignal }

async function recheckSymbol(
  world: ShardWorld,
  snapshot: SnapshotBars,
  slice: SymbolSlice,
  { columns, checked, draw, cancelled }: Drawn,
): Promise<void> {
  const expressions = columns.map(({ expression }) => expression)
  const bars = await snapshot.bars(slice.symbol)
  const actions = snapshot.actions(slice.symbol)
  const places = placesOf(slice, bars.sessions)
  for (const rows of drawCuts(bars.sessions.length, cutsOfASymbol, draw)) {
    cancelled.throwIfAborted()
    const recomputed = await computeWhole(world.pool, expressions, truncated(bars, actions, rows))
    checked.cuts++
    const cutAfter = bars.sessions[rows - 1]!
    columns.forEach(({ name }, feature) => checked.compare(name, slice, { values: recomputed[feature]!, places, cutAfter }))
  }
  // later starts of the same prices: factors count from a symbol's first bar, and are not what is looked at
  const adjusted = { ...adjustBars(bars, actions), knownAt: bars.knownAt }
  for (const row of drawRows(places, bars.sessions.length, draw)) {
    const stored = places.indexOf(row)
    checked.rows++
    for (const length of lengths.filter((each) => each <= row + 1)) {
      cancelled.throwIfAborted()
      const late = await computeWhole(world.pool, expressions, { bars: copyBars(adjusted, row + 1 - length, row + 1), actions: [] })
      columns.forEach(({ name }, feature) => checked.warmUp(name, length, slice.column(name)[stored]!, late[feature]![length - 1]!))
    }
  }
}

const isCrossed = ({ expression }: { expression: string }): boolean => readsOtherSymbols(parse(expression))

/** Some of them, each as likely as the others, in order. */
function drawSymbols(symbols: ReadonlySet<string>, draw: WholeNumbers): Set<string> {
  const left = [...symbols].sort()
  const drawn = new Set<string>()
  while (left.length > 0 && drawn.size < mostSymbols) drawn.add(left.splice(draw(left.length), 1)[0]!)
  return drawn
}

/** Rows of the build with as much history among `rows` as there is, up to the longest warm-up. */
function drawRows(places: Int32Array, rows: number, draw: WholeNumbers): number[] {
  const late = places.filter((place) => place >= Math.min(lengths.at(-1)!, rows) - 1)
  return late.length === 0 ? [] : [...new Set(Array.from({ length: rowsOfASymbol }, () => late[draw(late.length)]!))].sort((a, b) => a - b)
}

async function slicesOf({ objects }: ShardWorld, manifest: FeatureBuildManifest, symbols: Set<string>): Promise<SymbolSlice[]> {
  const shards = manifest.shards.filter((shard) => shard.symbols.some((symbol) => symbols.has(symbol)))
  const found: SymbolSlice[] = []
  for await (const slices of slicesBySymbols(objects, { ...manifest, shards }))
    found.push(...slices.filter(({ symbol }) => symbols.has(symbol)))
  return found
}
