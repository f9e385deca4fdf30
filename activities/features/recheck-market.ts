/** Features across symbols, computed again over shorter histories: all symbols are cut at one session. */
import type { FeatureBuild, FeatureBuildManifest } from '#contracts/features.ts'
import { parse } from '#domain/expressions/parse.ts'
import { print } from '#domain/expressions/print.ts'
import { computeMarket, type ComputeSymbol, type SymbolHistory } from '#domain/features/compute-market.ts'
import { copyBars } from '#domain/market/bars.ts'
import { adjustBars } from '#domain/market/factors.ts'
import type { WholeNumbers } from '#domain/monitoring/random.ts'
import { drawCuts, truncated } from '#domain/trust/look-ahead.ts'
import type { ShardWorld } from './compute-shards.ts'
import { placesOf, rowOf, type SymbolSlice } from './decoded-build.ts'
import { openBars } from './open-bars.ts'
import { openMembership } from './open-membership.ts'
import { computeWhole, type Recheck, warmUpLengths as lengths } from './recheck.ts'

const cutsOfMarket = 4
const sessionsOfMarket = 4
/** Of so many features whole columns of the market are in memory. */
const columnsAtATime = 8

type Market = {
  build: FeatureBuild
  manifest: FeatureBuildManifest
  /** those of the manifest that read other symbols */
  columns: FeatureBuildManifest['columns']
  /** of the symbols that are compared */
  slices: readonly SymbolSlice[]
  checked: Recheck
  draw: WholeNumbers
}

export async function recheckMarket(
  world: ShardWorld,
  { build, manifest, columns, slices, checked, draw }: Market,
  cancelled: AbortSignal,
): Promise<void> {
  const { sessions } = manifest
  const all = new Set(manifest.shards.flatMap((shard) => shard.symbols))
  const snapshot = await openBars(world, build, all)
  const market: SymbolHistory[] = []
  for (const symbol of all) market.push({ bars: await snapshot.bars(symbol), actions: snapshot.actions(symbol) })
  const members = await openMembership(world.objects, snapshot, manifest.universe)
  const sessionsOf = new Map(market.map(({ bars }) => [bars.symbol, bars.sessions]))
  const places = new Map(slices.map((slice) => [slice.symbol, placesOf(slice, sessionsOf.get(slice.symbol)!)]))
  const wanted = new Set(slices.map(({ symbol }) => symbol))
  const compute: ComputeSymbol = (expressions, history, given) => computeWhole(world.pool, expressions.map(print), history, given)

  const recompute = async (
    histories: readonly SymbolHistory[],
    found: (name: string, slice: SymbolSlice, values: Float32Array) => void,
  ) => {
    for (let from = 0; from < columns.length; from += columnsAtATime) {
      cancelled.throwIfAborted()
      const some = columns.slice(from, from + columnsAtATime)
      const expressions = some.map(({ expression }) => parse(expression))
      const bySymbol = await computeMarket(expressions, histories, wanted, { compute, members })
      for (const slice of slices) bySymbol.get(slice.symbol)?.forEach((values, index) => found(some[index]!.name, slice, values))
    }
  }

  for (const kept of drawCuts(sessions.length, cutsOfMarket, draw)) {
    const last = sessions[kept - 1]!
    checked.cuts++
    await recompute(
      market.flatMap(({ bars, actions }) => {
        const rows = bars.sessions.findLastIndex((session) => session <= last) + 1
        return rows === 0 ? [] : [truncated(bars, actions, rows)]
      }),
      (name, slice, values) => checked.compare(name, slice, { values, places: places.get(slice.symbol)!, cutAfter: last }),
    )
  }

  // later starts of the same prices, as of one symbol
  const adjusted = market.map(({ bars, actions }) => ({ ...adjustBars(bars, actions), knownAt: bars.knownAt }))
  const first = Math.min(lengths.at(-1)!, sessions.length) - 1
  for (let drawn = 0; drawn < sessionsOfMarket; drawn++) {
    const at = first + draw(sessions.length - first)
    const session = sessions[at]!
    const here = slices.filter((slice) => rowOf(slice, session) !== -1)
    checked.rows += here.length
    for (const length of lengths.filter((each) => each <= at + 1)) {
      const start = sessions[at + 1 - length]!
      const late = adjusted.flatMap((bars): SymbolHistory[] => {
        const from = bars.sessions.findIndex((each) => each >= start)
        const to = bars.sessions.findLastIndex((each) => each <= session) + 1
        return from === -1 || to <= from ? [] : [{ bars: copyBars(bars, from, to), actions: [] }]
      })
      await recompute(late, (name, slice, values) => {
        const row = rowOf(slice, session)
        if (row !== -1) checked.warmUp(name, length, slice.column(name)[row]!, values.at(-1)!)
      })
    }
  }
}
