import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { SupervisionPolicy, WalkForward } from '#contracts/supervision.ts'
import { ModelSidecar } from '#contracts/models.ts'
import type { Database } from '#db/client.ts'
import { openMonitorsOf } from '#db/commands/open-monitors-of.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { findModelVersion } from '#db/queries/models.ts'
import { readSupervision } from '#db/queries/standing-panel.ts'
import { calibrateDecay } from '#domain/monitoring/decay-calibration.ts'
import { calibrateDrift, describeFeatures } from '#domain/monitoring/drift-calibration.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'
import type { DriftCalibration } from './advance-drift.ts'
import { openBuild } from '../features/decoded-build.ts'
import { forecasterOf, type Version } from './forecaster.ts'
import { referenceRows } from './reference-rows.ts'

type World = { db: Database; objects: ObjectStore }

/** `after`: they look at sessions after this one. `walkForward` holds the losses that the recipe's decay is judged by. */
export type MonitorsAsked = { endpoint: string; model: Version; after: string; walkForward: ObjectRef }

/**
 * Opens the monitors of a champion under the policy that is in force, and ends those of the version before it. Asking
 * again changes nothing.
 * @throws QuantloopError not_found | conflict when another version is champion by now | recipe_invalid with too short a walk-forward | segment_empty | object_missing | object_corrupt
 */
export async function openMonitors(world: World, asked: MonitorsAsked): Promise<void> {
  const { db, objects } = world
  const row = await readSupervision(db, asked.endpoint)
  if (row === undefined)
    throw new QuantloopError('not_found', `the endpoint ${asked.endpoint} is not supervised`, { endpoint: asked.endpoint })
  const policy = SupervisionPolicy.parse(row.policy)
  const walkForward = await readJson(objects, asked.walkForward, WalkForward, 'walk-forward')
  const { threshold, ...decay } = calibrateDecay(
    walkForward.sessions.map(({ loss }) => loss),
    policy.decay,
  )
  const range = { from: walkForward.sessions[0]!.session, to: walkForward.sessions.at(-1)!.session }
  const drift = await calibrateFeatures(world, asked.model, policy.drift.windowSessions)
  await openMonitorsOf(db, asked, [
    {
      kind: 'decay',
      threshold,
      calibration: { ...decay, ...range, falseAlarmsAYear: policy.decay.falseAlarmsAYear, walkForward: asked.walkForward },
    },
    // one drifted feature is enough: the false discovery rate is over all of them
    { kind: 'data-drift', threshold: 0, calibration: { ...drift, falseDiscoveryRate: policy.drift.falseDiscoveryRate } },
  ])
}

async function calibrateFeatures({ db, objects }: World, model: Version, windowSessions: number): Promise<DriftCalibration> {
  const version = await findModelVersion(db, model.name, model.version)
  if (version === undefined) throw new QuantloopError('not_found', `there is no model version ${forecasterOf(model)}`)
  const built = await findFeatureBuild(db, version.buildId)
  if (built?.manifest == null) throw new QuantloopError('not_found', `there is no finished feature build ${version.buildId}`)
  const sidecar = await readJson(objects, version.sidecar, ModelSidecar, 'model sidecar')
  const rows = referenceRows(await openBuild(objects, built.manifest), sidecar)
  const nulls = calibrateDrift(rows, describeFeatures(rows), windowSessions)
  return {
    sidecar: version.sidecar,
    build: built.manifest,
    windowSessions,
    sessions: rows.starts.length - 1,
    rows: rows.starts.at(-1)!,
    features: sidecar.featureOrder.map((name, feature) => ({ name, ...nulls[feature]! })),
  }
}
