import { setImmediate as turn } from 'node:timers/promises'
import type { FeatureBuildManifest } from '#contracts/features.ts'
import type { PredictionInput, Trace } from '#contracts/predictions.ts'
import { parse } from '#domain/expressions/parse.ts'
import { reach } from '#domain/expressions/reach.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { onCalendar, readsAll } from '#domain/features/calendar-grid.ts'
import { computeFeatures } from '#domain/features/compute-features.ts'
import { computeMarket, type SymbolHistory } from '#domain/features/compute-market.ts'
import { featureRowAt } from '#domain/features/feature-row.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import type { Membership } from '#domain/market/membership.ts'
import type { SnapshotBars } from '../snapshots.ts'
import { type Evidence, sha256Of } from './evidence.ts'
import type { OpenedBuild } from './open-build.ts'
import { readShardRow } from './shard-row.ts'

type FeatureRowInput = Extract<PredictionInput, { kind: 'feature-row' }>

type Recomputed = { snapshot: SnapshotBars; calendar: readonly string[]; members: Membership | undefined }

/** `row` is computed from the bars; `equal` says whether it is, byte for byte, the one that was served. */
export type RecomputedFeatures = { row: Uint8Array; equal: boolean; bars: NonNullable<Trace['bars']> }

/**
 * Finds the served row in its shard, and computes it again from the bars on `calendar`; nothing when they have no such
 * session, or the symbol is none of the `members` in it, which are there for a build with a universe.
 */
export async function recomputeFeatures(
  evidence: Evidence,
  { manifest }: OpenedBuild,
  { snapshot, calendar, members }: Recomputed,
  input: FeatureRowInput,
): Promise<RecomputedFeatures | undefined> {
  const { symbol, session } = input
  const shard = manifest.shards.find(
    ({ symbols, firstSession, lastSession }) => symbols.includes(symbol) && firstSession <= session && session <= lastSession,
  )
  const stored = shard && (await evidence.read('feature-shard', shard.object))
  const served =
    stored &&
    readShardRow(
      stored,
      manifest.columns.map(({ name }) => name),
      symbol,
      session,
    )
  // a row that is not there has the hash of nothing; in an altered shard none is looked for
  if (shard === undefined || stored !== undefined)
    evidence.compare('feature-row', `${symbol} at ${session}`, input.sha256, sha256Of(served ?? new Uint8Array()))

  const bars = onCalendar(await snapshot.bars(symbol), calendar)
  const index = bars.sessions.indexOf(session)
  if (index < 0 || (members !== undefined && members.spanOn(symbol, session) === undefined)) return undefined
  const among = snapshot.manifest.symbols.filter((each) => members?.names(each.symbol) ?? true).map((each) => each.symbol)
  const row = featureRowAt(await columnsOf(manifest.columns, { snapshot, calendar, members, among }, { bars, session }), index)
  const expressions = manifest.columns.map(({ expression }) => parse(expression))
  const first = readsAll(expressions, bars) ? 0 : Math.max(0, index + Math.min(...expressions.map((each) => reach(each).from)))
  return {
    row,
    equal: sha256Of(row) === input.sha256,
    bars: {
      firstSession: bars.sessions[first] ?? session,
      lastSession: session,
      rows: index - first + 1,
      ...(manifest.columns.some(isCrossed) && { symbols: among.length }),
    },
  }
}

/** The features of a symbol; those across symbols are computed from the bars of all of `among`, up to the session. */
async function columnsOf(
  columns: FeatureBuildManifest['columns'],
  { snapshot, calendar, members, among }: Recomputed & { among: readonly string[] },
  { bars, session }: { bars: BarColumns; session: string },
): Promise<Float32Array[]> {
  const { symbol } = bars
  const plain = columns.filter((column) => !isCrossed(column))
  const own = computeFeatures(plain, bars, snapshot.actions(symbol))
  const found = new Map(plain.map(({ name }, index) => [name, own[index]!]))
  if (plain.length < columns.length) {
    const market: SymbolHistory[] = []
    for (const each of among) {
      const all = onCalendar(await snapshot.bars(each), calendar)
      const until = all.sessions.findLastIndex((other) => other <= session) + 1
      if (until > 0) market.push({ bars: sliceBars(all, 0, until), actions: snapshot.actions(each) })
    }
    // one at a time: of each a column of the whole market is in memory, and heartbeats come in between
    for (const { name, expression } of columns.filter(isCrossed)) {
      found.set(name, (await computeMarket([parse(expression)], market, new Set([symbol]), { members })).get(symbol)![0]!)
      await turn()
    }
  }
  return columns.map(({ name }) => found.get(name)!)
}

const isCrossed = ({ expression }: { expression: string }): boolean => readsOtherSymbols(parse(expression))
