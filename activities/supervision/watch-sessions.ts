/**
 * The standing work of a supervisor on what has landed: labels, scores, forecasts of every forecaster in play, monitors,
 * alerts. Session by session, each in one transaction under the lock of the supervision's row, so that doing it twice, or
 * by two at once, or being killed in between, ends in the same rows; only alerts are told, nothing is decided.
 */
import type { ObjectRef } from '#contracts/references.ts'
import type { AlertKind, EndpointEvent } from '#contracts/supervision.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '#db/client.ts'
import { readAlarms } from '#db/queries/situation.ts'
import { findUnsaid, readSupervision, type StandingSupervision } from '#db/queries/standing-panel.ts'
import { type DecodedBuild, lastUpTo, openBuild } from '../features/decoded-build.ts'
import { forecastSessions, type ForecastRow } from './forecast-sessions.ts'
import { forecasterOf } from './forecaster.ts'
import { forecastersOf, type Play, readPlay } from './play.ts'
import { realizeBuildLabels } from './realize-build-labels.ts'
import { loadStandingModel } from './standing-models.ts'
import { catchUp, watchSession, type WatchWorld } from './watch-session.ts'

export type Watched = {
  /** every session up to here is done */
  through: EndpointEvent['session']
  /** how many this call did */
  sessions: number
  /** whether an alarm of the champion's waits for its retrain */
  alarmed: boolean
  /** those that this call raised */
  alerts: { id: string; kind: AlertKind; session: string }[]
}

/**
 * `build` is of the champion's features and the supervisor's label. Sessions of it that were processed are not processed
 * again; forecasters that came late are forecast for the sessions that they missed.
 * @throws QuantloopError not_found | conflict | incompatible_version | object_missing | object_corrupt | unavailable
 */
export async function watchSessions(
  world: WatchWorld,
  { endpoint, build: { id: buildId, manifest } }: { endpoint: string; build: { id: string; manifest: ObjectRef } },
  cancelled: AbortSignal,
): Promise<Watched> {
  const build = await openBuild(world.objects, manifest)
  // again when somebody else was faster
  while (!(await realizeBuildLabels(world, await supervised(world.db, endpoint), build))) cancelled.throwIfAborted()

  const row = await supervised(world.db, endpoint)
  const pending = pendingSessions(build, row)
  const play = await readPlay(world.db, row)
  const said = await forecastMissing(world, build, play, row, pending)
  const work = { world, endpoint, build, buildId }

  // what was missed before comes with the first session that is new
  const [first = ''] = pending
  const late = [...said].flatMap(([session, rows]) => (first === '' || session < first ? rows : []))
  const alerts = pending.length === 0 ? await catchUp(work, late) : []
  let sessions = 0
  for (const session of pending) {
    cancelled.throwIfAborted()
    const own = said.get(session) ?? []
    const done = await watchSession(work, session, session === first ? [...late, ...own] : own)
    // somebody else has done it
    if (done === undefined) continue
    sessions++
    alerts.push(...done)
  }
  for (const { summary, ...alert } of alerts) world.logger?.warn({ endpoint, alert }, summary)
  const { processedThrough, policy } = await supervised(world.db, endpoint)
  const { waiting } = await readAlarms(world.db, endpoint, policy.retrainOn)
  return {
    through: processedThrough,
    sessions,
    alarmed: waiting.length > 0,
    alerts: alerts.map(({ id, kind, session }) => ({ id, kind, session })),
  }
}

async function supervised(db: Database, endpoint: string): Promise<StandingSupervision> {
  const row = await readSupervision(db, endpoint)
  if (row === undefined) throw new QuantloopError('not_found', `the endpoint ${endpoint} is not supervised`, { endpoint })
  return row
}

/** Sessions of the build that are not processed, ascending; at the very beginning only the last one. */
function pendingSessions({ manifest }: DecodedBuild, { processedThrough }: StandingSupervision): string[] {
  if (processedThrough === null) return manifest.sessions.slice(-1)
  return manifest.sessions.slice(lastUpTo(manifest.sessions, processedThrough) + 1)
}

/** What every forecaster in play has not said yet, by session, each model asked once for all of its sessions. */
async function forecastMissing(
  { db, objects }: WatchWorld,
  build: DecodedBuild,
  { needs }: Play,
  row: StandingSupervision,
  pending: readonly string[],
): Promise<Map<string, ForecastRow[]>> {
  const forecasters = forecastersOf(needs)
  const earliest = forecasters.reduce((first, { after }) => (after < first ? after : first), row.processedThrough ?? pending[0] ?? '')
  const sessions = build.manifest.sessions.slice(lastUpTo(build.manifest.sessions, earliest) + 1)
  const unsaid = await findUnsaid(db, row.endpoint, forecasters, sessions)
  const wanted = new Set(unsaid.map(({ forecaster, session }) => `${forecaster} ${session}`))
  const bySession = new Map<string, ForecastRow[]>()
  const versions = new Map(needs.map(({ version }) => [forecasterOf(version), version]))
  for (const [forecaster, version] of versions) {
    const missed = new Set(unsaid.filter((each) => each.forecaster.endsWith(forecaster)).map(({ session }) => session))
    if (missed.size === 0) continue
    const model = await loadStandingModel({ db, objects }, version)
    for (const said of await forecastSessions(build, model, [...missed]))
      if (wanted.has(`${said.forecaster} ${said.session}`)) bySession.set(said.session, [...(bySession.get(said.session) ?? []), said])
  }
  return bySession
}
