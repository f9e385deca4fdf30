import { z } from 'zod'
import { ObjectRef } from '#contracts/references.ts'
import { ModelSidecar } from '#contracts/models.ts'
import type { SupervisionPolicy } from '#contracts/supervision.ts'
import type { Executor } from '#db/client.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { recordMonitorPoint } from '#db/commands/record-monitor-point.ts'
import type { OpenMonitor } from '#db/queries/standing-panel.ts'
import { type FeatureDrift, lookForDrift } from '#domain/monitoring/drift.ts'
import { describeFeatures } from '#domain/monitoring/drift-calibration.ts'
import type { FeatureDistribution } from '#domain/monitoring/feature-distribution.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'
import type { RaisedAlert } from './advance-decay.ts'
import { type DecodedBuild, lastUpTo, openBuild } from '../features/decoded-build.ts'
import { forecasterOf } from './forecaster.ts'
import { keepNewest } from '#domain/keep-newest.ts'
import { referenceRows, windowRows } from './reference-rows.ts'

/** What a drift monitor keeps to: the version and the build whose rows it was fitted on, and each feature's null. */
export const DriftCalibration = z.object({
  sidecar: ObjectRef,
  build: ObjectRef,
  windowSessions: z.int(),
  sessions: z.int(),
  rows: z.int(),
  features: z.array(z.object({ name: z.string(), effectiveSize: z.number(), stabilityLimit: z.number(), windows: z.number() })),
})
export type DriftCalibration = z.infer<typeof DriftCalibration>

/** Sorted reference columns: thousands of rows by some dozen features. */
const references = keepNewest<FeatureDistribution[]>(4)

/**
 * Looks at every `everySessions`-th session after the monitor's `after` that it has not looked at, up to `through`. One
 * alert an episode: when a look fires and the one before it did not.
 */
export async function advanceDrift(
  { db, objects }: { db: Executor; objects: ObjectStore },
  monitor: OpenMonitor,
  build: DecodedBuild,
  { policy, through }: { policy: SupervisionPolicy['drift']; through: string },
): Promise<RaisedAlert[]> {
  const { sessions } = build.manifest
  const calibration = DriftCalibration.parse(monitor.calibration)
  const names = calibration.features.map(({ name }) => name)
  const begin = lastUpTo(sessions, monitor.after)
  const seen = lastUpTo(sessions, monitor.last?.session ?? monitor.after)
  let fired = monitor.last?.fired ?? false
  const raised: RaisedAlert[] = []
  for (let at = seen + 1; at <= lastUpTo(sessions, through); at++) {
    if ((at - begin) % policy.everySessions !== 0) continue
    const session = sessions[at]!
    const window = windowRows(build, names, at, calibration.windowSessions)
    const drifts = lookForDrift(await referenceOf(objects, calibration), calibration.features, window.columns, policy.falseDiscoveryRate)
    const found = drifts.flatMap((drift, feature) => (drift.drifted ? [{ name: names[feature]!, ...drift }] : []))
    const before = fired
    fired = found.length > monitor.threshold
    const detail = { features: Object.fromEntries(names.map((name, feature) => [name, drifts[feature]])), rows: window.columns[0]!.length }
    await recordMonitorPoint(db, monitor.id, { session, statistic: found.length, fired, detail })
    if (before || !fired) continue
    const summary = summaryOf(monitor, calibration, session, found)
    const alert = { endpoint: monitor.endpoint, kind: 'data-drift', severity: 'info', session, monitorId: monitor.id, summary } as const
    const evidence = {
      model: forecasterOf(versionOf(monitor)),
      drifted: found,
      features: names.length,
      windowSessions: calibration.windowSessions,
    }
    raised.push({ id: await raiseAlert(db, { ...alert, evidence }), kind: 'data-drift', session, summary })
  }
  return raised
}

const versionOf = ({ modelName, modelVersion }: OpenMonitor) => ({ name: modelName, version: modelVersion })

const referenceOf = (objects: ObjectStore, { sidecar, build }: DriftCalibration) =>
  references(`${sidecar.sha256}/${build.sha256}`, async () =>
    describeFeatures(referenceRows(await openBuild(objects, build), await readJson(objects, sidecar, ModelSidecar, 'model sidecar'))),
  )

function summaryOf(
  monitor: OpenMonitor,
  { windowSessions, features }: DriftCalibration,
  session: string,
  found: readonly ({ name: string } & FeatureDrift)[],
): string {
  const furthest = found.toSorted((a, b) => b.distance - a.distance).slice(0, 3)
  const named = furthest.map(
    ({ name, distance, stabilityIndex }) => `${name} (KS ${distance.toFixed(2)}, PSI ${stabilityIndex.toFixed(2)})`,
  )
  return `${found.length} of ${features.length} features of the ${windowSessions} sessions up to ${session} have drifted from the rows that ${forecasterOf(versionOf(monitor))} was fitted on: ${named.join(', ')}${found.length > named.length ? ', …' : ''}`
}
