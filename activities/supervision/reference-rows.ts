import type { ModelSidecar } from '#contracts/models.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { purgedSessions, purgedWithin } from '#domain/evaluation/segments.ts'
import { dayOf } from '#domain/market/session-days.ts'
import type { FeatureRows } from '#domain/monitoring/drift-calibration.ts'
import { type DecodedBuild, firstRowFrom } from '../features/decoded-build.ts'

/**
 * The rows that a version was fitted on: train and early stopping of its recipe, labels known and purged against what
 * comes behind, in its own build.
 * @throws QuantloopError segment_empty when the build holds none of them
 */
export function referenceRows(build: DecodedBuild, { recipe, featureOrder }: ModelSidecar): FeatureRows {
  const { sessions, label } = build.manifest
  const { train, earlyStopping, test } = recipe.segments
  const whole = { from: train.from, to: earlyStopping.to }
  const purged = test === undefined ? purgedWithin(sessions, whole, label.reach) : purgedSessions(sessions, whole, label.reach, test.from)
  const fitted = purged.filter((session) => session <= train.to || session >= earlyStopping.from)
  const rows = rowsOn(build, featureOrder, fitted, true)
  if (rows.starts.length < 2)
    throw new QuantloopError(
      'segment_empty',
      `the build holds none of the rows of ${train.from} to ${earlyStopping.to} that the model was fitted on`,
    )
  return rows
}

/** The rows of the last `count` sessions up to one of them, whether their labels are known or not. */
export function windowRows(build: DecodedBuild, features: readonly string[], through: number, count: number): FeatureRows {
  return rowsOn(build, features, build.manifest.sessions.slice(Math.max(0, through + 1 - count), through + 1), false)
}

/** By session, then symbol. Sessions without a row are left out. */
function rowsOn(build: DecodedBuild, features: readonly string[], sessions: readonly string[], labelled: boolean): FeatureRows {
  const slices = build.slices.map((slice) => ({
    days: slice.days,
    label: slice.column('label'),
    features: features.map((name) => slice.column(name)),
    next: sessions[0] === undefined ? 0 : firstRowFrom(slice.days, sessions[0]),
  }))
  const columns = features.map((): number[] => [])
  const starts = [0]
  for (const session of sessions) {
    const day = dayOf(session)!
    let rows = starts.at(-1)!
    for (const slice of slices) {
      while (slice.next < slice.days.length && slice.days[slice.next]! < day) slice.next++
      if (slice.days[slice.next] !== day || (labelled && !Number.isFinite(slice.label[slice.next]))) continue
      columns.forEach((column, feature) => column.push(slice.features[feature]![slice.next]!))
      rows++
    }
    if (rows > starts.at(-1)!) starts.push(rows)
  }
  return { columns: columns.map((column) => Float32Array.from(column)), starts: Int32Array.from(starts) }
}
