import type { FeatureJoin, FeatureJoinInput, FeatureJoinResult } from '#contracts/feature-joins.ts'
import type { Database } from '#db/client.ts'
import { parse } from '#domain/expressions/parse.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { readsAll } from '#domain/features/calendar-grid.ts'
import { knownTimes, rowKnownBy, withMarket } from '#domain/features/point-in-time.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { Membership } from '#domain/market/membership.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import type { SnapshotBars } from '../snapshots.ts'
import { rowOf, slicesBySymbols, type SymbolSlice } from './decoded-build.ts'
import { openBars } from './open-bars.ts'
import { openMembership } from './open-membership.ts'
import { readyManifest } from './ready-manifest.ts'

/**
 * For each symbol and time, the row of a ready build that was known then; none when the symbol was no member of the build's
 * universe on that row's session. Only the shards of those symbols are read.
 * @throws QuantloopError not_found | conflict | snapshot_not_found | object_missing | object_corrupt | unavailable
 */
export async function joinBuild(
  { db, objects }: { db: Database; objects: ObjectStore },
  { buildId, points, knownBy }: FeatureJoinInput,
  cancelled: AbortSignal,
): Promise<FeatureJoinResult> {
  const { build, manifest } = await readyManifest({ db, objects }, buildId)
  const wanted = new Set(points.map(({ symbol }) => symbol))
  const shards = manifest.shards.filter(({ symbols }) => symbols.some((symbol) => wanted.has(symbol)))
  const held = new Set(shards.flatMap(({ symbols }) => symbols).filter((symbol) => wanted.has(symbol)))
  const expressions = manifest.columns.map(({ expression }) => parse(expression))
  const crossed = expressions.some(readsOtherSymbols)
  const snapshot = await openBars({ db, objects }, build, crossed ? new Set(manifest.shards.flatMap(({ symbols }) => symbols)) : held)
  const lookback = Math.max(...manifest.columns.map((column) => column.lookback))
  /** undefined when a feature reaches back without bound */
  const lookbackOn = (bars: BarColumns) => (readsAll(expressions, bars) ? undefined : lookback)
  const members = await openMembership(objects, snapshot, manifest.universe)
  const market = crossed ? await marketKnown(snapshot, members, lookbackOn, cancelled) : undefined
  const names = manifest.columns.map(({ name }) => name)
  const latest = knownBy === undefined ? Number.POSITIVE_INFINITY : Date.parse(knownBy)
  const rows: FeatureJoin['rows'] = points.map((point) => ({ ...point, session: null, knownAt: null, values: null }))
  for await (const slices of slicesBySymbols(objects, { ...manifest, shards }))
    for (const slice of slices.filter(({ symbol }) => held.has(symbol))) {
      cancelled.throwIfAborted()
      const bars = await snapshot.bars(slice.symbol)
      const own = knownTimes(bars, snapshot.actions(slice.symbol), lookbackOn(bars))
      const known = market === undefined ? own : withMarket(own, bars.sessions, market, lookbackOn(bars))
      for (const joined of rows) {
        if (joined.symbol !== slice.symbol) continue
        const place = rowKnownBy(known, Math.min(Date.parse(joined.time), latest))
        const session = bars.sessions[place]
        const row = session === undefined ? -1 : rowOf(slice, session)
        if (session === undefined || row === -1) continue
        joined.session = session
        joined.knownAt = new Date(known[place]!).toISOString()
        joined.values = valuesAt(slice, names, row)
      }
    }
  const join: FeatureJoin = { buildId, snapshotId: manifest.snapshotId, features: names, rows }
  return { joined: await putJson(objects, join) }
}

/** By session when the rows of all symbols were known, or of all members. */
async function marketKnown(
  snapshot: SnapshotBars,
  members: Membership | undefined,
  lookbackOn: (bars: BarColumns) => number | undefined,
  cancelled: AbortSignal,
): Promise<Map<string, number>> {
  const latest = new Map<string, number>()
  for (const { symbol } of snapshot.manifest.symbols.filter(({ symbol }) => members?.names(symbol) ?? true)) {
    cancelled.throwIfAborted()
    const bars = await snapshot.bars(symbol)
    const known = knownTimes(bars, snapshot.actions(symbol), lookbackOn(bars))
    for (const [row, session] of bars.sessions.entries())
      if (members === undefined || members.spanOn(symbol, session) !== undefined)
        latest.set(session, Math.max(latest.get(session) ?? known[row]!, known[row]!))
  }
  return latest
}

const valuesAt = (slice: SymbolSlice, names: readonly string[], row: number) =>
  names.map((name) => {
    const value = slice.column(name)[row]!
    return Number.isFinite(value) ? value : null
  })
