import type { PredictionInput, Trace } from '#contracts/predictions.ts'
import { parse } from '#domain/expressions/parse.ts'
import { reach } from '#domain/expressions/reach.ts'
import { onCalendar, readsAll } from '#domain/features/calendar-grid.ts'
import { computeFeatures } from '#domain/features/compute-features.ts'
import { featureRowAt } from '#domain/features/feature-row.ts'
import type { SnapshotBars } from '../snapshots.ts'
import { type Evidence, sha256Of } from './evidence.ts'
import type { OpenedBuild } from './open-build.ts'
import { readShardRow } from './shard-row.ts'

type FeatureRowInput = Extract<PredictionInput, { kind: 'feature-row' }>

/** `row` is computed from the bars; `equal` says whether it is, byte for byte, the one that was served. */
export type RecomputedFeatures = { row: Uint8Array; equal: boolean; bars: NonNullable<Trace['bars']> }

/** Finds the served row in its shard, and computes it again from the bars on `calendar`; nothing when they have no such session. */
export async function recomputeFeatures(
  evidence: Evidence,
  { manifest }: OpenedBuild,
  { snapshot, calendar }: { snapshot: SnapshotBars; calendar: readonly string[] },
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
  if (index < 0) return undefined
  const row = featureRowAt(computeFeatures(manifest.columns, bars, snapshot.actions(symbol)), index)
  const expressions = manifest.columns.map(({ expression }) => parse(expression))
  const first = readsAll(expressions, bars) ? 0 : Math.max(0, index + Math.min(...expressions.map((each) => reach(each).from)))
  return {
    row,
    equal: sha256Of(row) === input.sha256,
    bars: { firstSession: bars.sessions[first] ?? session, lastSession: session, rows: index - first + 1 },
  }
}
