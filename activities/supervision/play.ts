/** Whose forecasts an endpoint needs, from which session on, and how far its monitors may look. */
import type { Executor } from '#db/client.ts'
import { findOpenRetrain } from '#db/queries/situation.ts'
import { type OpenMonitor, readOpenMonitors, readScores, type StandingSupervision } from '#db/queries/standing-panel.ts'
import { sessionsOfLooks } from '#domain/monitoring/group-sequential.ts'
import { forecasterOf, persistenceOf, type Version } from './forecaster.ts'

/** A version whose sessions after `after` must be forecast, beside its persistence where that is asked for. */
export type Need = { version: Version; after: string; withPersistence: boolean }

export type Play = {
  needs: Need[]
  monitors: OpenMonitor[]
  /** by the scores so far, the last session that monitors may look at; null when nothing is undecided */
  decidedThrough(): Promise<string | null>
}

/**
 * The champion, the models of the open monitors, and both sides of the retrain in flight. While that is undecided, who is
 * champion after its next look is not known either: monitors wait there, so that a slow machine sees the alarms of a fast
 * one. A paused supervisor decides nothing, and its monitors do not wait.
 */
export async function readPlay(db: Executor, row: StandingSupervision): Promise<Play> {
  const monitors = await readOpenMonitors(db, row.endpoint)
  const retrain = await findOpenRetrain(db, row.endpoint)
  const needs: Need[] = monitors.map(({ modelName, modelVersion, after }) => ({
    version: { name: modelName, version: modelVersion },
    after,
    withPersistence: true,
  }))
  const champion =
    row.championName === null || row.championVersion === null ? null : { name: row.championName, version: row.championVersion }
  const since = row.championAfter ?? row.processedThrough
  if (champion !== null && since !== null) needs.push({ version: champion, after: since, withPersistence: true })
  if (retrain === undefined) return { needs, monitors, decidedThrough: async () => null }

  const rival = { name: retrain.championName, version: retrain.championVersion }
  needs.push({ version: rival, after: retrain.session, withPersistence: true })
  if (retrain.challengerName !== null && retrain.challengerVersion !== null)
    needs.push({
      version: { name: retrain.challengerName, version: retrain.challengerVersion },
      after: retrain.session,
      withPersistence: false,
    })
  const paused = row.state === 'pausing' || row.state === 'paused'
  return { needs, monitors, decidedThrough }

  async function decidedThrough(): Promise<string | null> {
    if (paused) return null
    if (retrain!.verdict !== null) return retrain!.looks.at(-1)?.through ?? null
    const due = sessionsOfLooks(row.policy.challenge)[retrain!.looks.length]
    const scores = await readScores(db, { endpoint: row.endpoint, forecaster: forecasterOf(rival), after: retrain!.session })
    return due === undefined ? null : (scores[due - 1]?.session ?? null)
  }
}

/** By forecaster, after which session at the earliest. */
export function forecastersOf(needs: readonly Need[]): { forecaster: string; after: string }[] {
  const earliest = new Map<string, string>()
  for (const { version, after, withPersistence } of needs)
    for (const forecaster of withPersistence ? [forecasterOf(version), persistenceOf(version)] : [forecasterOf(version)]) {
      const known = earliest.get(forecaster)
      if (known === undefined || after < known) earliest.set(forecaster, after)
    }
  return [...earliest].map(([forecaster, after]) => ({ forecaster, after }))
}
