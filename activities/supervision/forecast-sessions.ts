import { QuantloopError } from '#contracts/errors.ts'
import type { Forecaster } from '#contracts/supervision.ts'
import { type DecodedBuild, rowOf } from '../features/decoded-build.ts'
import { forecasterOf, persistenceOf } from './forecaster.ts'
import type { StandingModel } from './standing-models.ts'

export type ForecastRow = { forecaster: Forecaster; symbol: string; session: string; value: number }

/**
 * What a version and its persistence say on these sessions of a build. Both answer for the same rows: those whose
 * persistence is known and whose features serving would accept. An answer that is not finite is left out, as serving
 * would give none.
 * @throws QuantloopError incompatible_version | artifact_invalid
 */
export async function forecastSessions(build: DecodedBuild, model: StandingModel, sessions: readonly string[]): Promise<ForecastRow[]> {
  assertReadable(build, model)
  const { sidecar } = model
  const usable = sidecar.missing === 'accept' ? (value: number) => Math.abs(value) !== Infinity : Number.isFinite
  const rows: { symbol: string; session: string; persistence: number }[] = []
  const inputs: number[] = []
  for (const slice of build.slices) {
    const columns = sidecar.featureOrder.map((name) => slice.column(name))
    const persistence = slice.column('persistence')
    for (const session of sessions) {
      const row = rowOf(slice, session)
      if (row === -1 || !Number.isFinite(persistence[row]) || !columns.every((column) => usable(column[row]!))) continue
      rows.push({ symbol: slice.symbol, session, persistence: persistence[row]! })
      for (const column of columns) inputs.push(column[row]!)
    }
  }
  const answers = await model.onnx.predict(Float32Array.from(inputs), rows.length)
  const own = forecasterOf(model.version)
  const naive = persistenceOf(model.version)
  return rows.flatMap(({ symbol, session, persistence }, at) =>
    [
      { forecaster: own, symbol, session, value: answers[at]! },
      { forecaster: naive, symbol, session, value: persistence + model.persistenceShift },
    ].filter(({ value }) => Number.isFinite(value)),
  )
}

/** ONNX knows features by position only. Persistence is a column of every build with the same label. */
function assertReadable({ manifest }: DecodedBuild, { version, sidecar }: StandingModel): void {
  const naive = sidecar.featureOrder.length === 1 && sidecar.featureOrder[0] === 'persistence'
  if (!naive && sidecar.featureHash !== manifest.featureHash)
    throw new QuantloopError(
      'incompatible_version',
      `${forecasterOf(version)} reads the features ${sidecar.featureHash}, but the build holds ${manifest.featureHash}`,
    )
}
