import { QuantloopError } from '#contracts/errors.ts'
import { ModelSidecar } from '#contracts/models.ts'
import { FitReport } from '#contracts/training.ts'
import type { Executor } from '#db/client.ts'
import { findModelVersion } from '#db/queries/models.ts'
import { type LoadedModel, loadModel } from '#inference/onnx-model.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'
import { forecasterOf, type Version } from './forecaster.ts'
import { keepNewest } from '#domain/keep-newest.ts'

/** A version in play: what it reads, and the mean gap of its persistence. */
export type StandingModel = { version: Version; sidecar: ModelSidecar; persistenceShift: number; onnx: LoadedModel }

/** Those dropped are freed by the garbage collector: somebody may be forecasting with them. */
const kept = keepNewest<Omit<StandingModel, 'version'>>(8)

/** @throws QuantloopError not_found | artifact_invalid | object_missing | object_corrupt | unavailable */
export async function loadStandingModel(world: { db: Executor; objects: ObjectStore }, version: Version): Promise<StandingModel> {
  const { objects } = world
  const row = await findModelVersion(world.db, version.name, version.version)
  if (row === undefined) throw new QuantloopError('not_found', `there is no model version ${forecasterOf(version)}`)
  const loaded = await kept(row.sidecar.sha256, async () => {
    const sidecar = await readJson(objects, row.sidecar, ModelSidecar, 'model sidecar')
    const { persistenceShift } = await readJson(objects, sidecar.fitReport, FitReport, 'fit report')
    return { sidecar, persistenceShift, onnx: await loadModel(await objects.get(sidecar.onnx), sidecar.input) }
  })
  return { version, ...loaded }
}
