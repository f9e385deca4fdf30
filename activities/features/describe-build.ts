import { setImmediate as turn } from 'node:timers/promises'
import type {
  DescribeFeaturesInput,
  DescribeFeaturesResult,
  FeatureColumnStatistics,
  FeatureStatistics,
} from '#contracts/feature-statistics.ts'
import type { FeatureBuildManifest } from '#contracts/features.ts'
import type { Database } from '#db/client.ts'
import { keepFeatureStatistics } from '#db/commands/keep-feature-statistics.ts'
import { findFeatureStatistics } from '#db/queries/feature-statistics.ts'
import { describeColumn, quantileShares } from '#domain/features/column-statistics.ts'
import { type Group, rankIcByYear, sessionGroups, symbolYearGroups } from '#domain/features/feature-ic.ts'
import { rankCorrelations } from '#domain/features/rank-correlations.ts'
import { statisticsVersion } from '#domain/features/statistics-version.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { type BuildRows, readColumnsByName, readRows } from './build-columns.ts'
import { readyManifest } from './ready-manifest.ts'

/** Rows that correlations are computed on. */
const mostSampled = 20_000
const mostClosest = 5

/**
 * The statistics of a ready build: computed the first time, found afterwards. Doing it twice stores the same object.
 * @throws QuantloopError not_found | conflict | object_missing | object_corrupt | unavailable
 */
export async function describeBuild(
  { db, objects }: { db: Database; objects: ObjectStore },
  { buildId }: DescribeFeaturesInput,
  cancelled: AbortSignal,
): Promise<DescribeFeaturesResult> {
  const of = { buildId, engineVersion: statisticsVersion }
  const known = await findFeatureStatistics(db, of)
  if (known !== undefined) return { report: known }
  const { manifest } = await readyManifest({ db, objects }, buildId)
  const rows = await readRows(objects, manifest)
  const statistics = await statisticsOf(objects, buildId, manifest, rows, cancelled)
  const report = await putJson(objects, statistics)
  await keepFeatureStatistics(db, { ...of, report })
  return { report }
}

async function statisticsOf(
  objects: ObjectStore,
  buildId: string,
  manifest: FeatureBuildManifest,
  rows: BuildRows,
  cancelled: AbortSignal,
): Promise<FeatureStatistics> {
  const names = manifest.columns.map(({ name }) => name)
  const groups = groupsOf(manifest, rows)
  const sampled = sampleOf(manifest.rows)
  const samples: Float32Array[] = []
  const described: Omit<FeatureColumnStatistics, 'closest'>[] = []
  let label: Float32Array | undefined
  for await (const { name, values } of readColumnsByName(objects, manifest, ['label', ...names])) {
    cancelled.throwIfAborted()
    if (label === undefined) {
      label = values
      continue
    }
    const { expression, lookback } = manifest.columns[described.length]!
    samples.push(Float32Array.from(sampled, (row) => values[row]!))
    described.push({
      name,
      expression,
      lookback,
      firstSession: firstKnown(values, rows.days),
      ...describeColumn(values),
      rankIc: rankIcByYear(values, label, groups),
    })
    // a column takes a moment: heartbeats come in between
    await turn()
  }
  const matrix = rankCorrelations(samples).map((row) => row.map((value) => (value === null ? null : Number(value.toFixed(3)))))
  return {
    format: 1,
    buildId,
    definitionHash: manifest.definitionHash,
    snapshotId: manifest.snapshotId,
    engineVersion: statisticsVersion,
    featureSet: manifest.featureSet,
    ...(manifest.universe === undefined ? {} : { universe: manifest.universe }),
    label: { expression: manifest.label.expression, kind: manifest.label.kind },
    rows: manifest.rows,
    symbols: rows.names.length,
    firstSession: manifest.sessions[0]!,
    lastSession: manifest.sessions.at(-1)!,
    quantileShares: [...quantileShares],
    features: described.map((each, index) => ({ ...each, closest: closestTo(index, names, matrix) })),
    correlations: { sampledRows: sampled.length, matrix },
  }
}

const groupsOf = ({ label }: FeatureBuildManifest, { symbols, days }: BuildRows): Group[] => {
  const yearOf = (day: number) => sessionOf(day).slice(0, 4)
  return label.kind === 'cross-sectional' ? sessionGroups(days, yearOf) : symbolYearGroups(symbols, days, yearOf)
}

/** Rows spread evenly over the build. */
function sampleOf(rows: number): number[] {
  const step = Math.max(1, rows / mostSampled)
  return Array.from({ length: Math.min(rows, mostSampled) }, (_, at) => Math.floor(at * step))
}

function firstKnown(values: Float32Array, days: Int32Array): string | null {
  let first = Number.POSITIVE_INFINITY
  values.forEach((value, row) => {
    if (Number.isFinite(value) && days[row]! < first) first = days[row]!
  })
  return first === Number.POSITIVE_INFINITY ? null : sessionOf(first)
}

const closestTo = (index: number, names: readonly string[], matrix: readonly (readonly (number | null)[])[]) =>
  matrix[index]!.flatMap((correlation, other) => (correlation === null || other === index ? [] : [{ name: names[other]!, correlation }]))
    .sort((a, b) => Math.abs(b.correlation) - Math.abs(a.correlation))
    .slice(0, mostClosest)
