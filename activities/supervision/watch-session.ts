import type { Database, Executor } from '#db/client.ts'
import { advanceSupervision } from '#db/commands/advance-supervision.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { recordEndpointEvent } from '#db/commands/record-endpoint-event.ts'
import { recordForecasts } from '#db/commands/record-forecasts.ts'
import { scoreSessions } from '#db/commands/score-sessions.ts'
import { lockSupervision, readLosses, type StandingSupervision } from '#db/queries/standing-panel.ts'
import { advanceDecay, type RaisedAlert } from './advance-decay.ts'
import { advanceDrift } from './advance-drift.ts'
import { type DecodedBuild, labelledUpTo, lastUpTo } from '../features/decoded-build.ts'
import type { ForecastRow } from './forecast-sessions.ts'
import { forecastersOf, type Play, readPlay } from './play.ts'
import type { ObjectStore } from '#storage/object-store.ts'

export type WatchWorld = { db: Database; objects: ObjectStore; logger?: { warn(fields: object, message: string): void } }

/** What one call watches with. */
export type Watch = { world: WatchWorld; endpoint: string; build: DecodedBuild; buildId: string }

/** Sessions without any label, beyond the label's reach, after which somebody should know: about a month. */
const patience = 21

/**
 * One session, in one transaction: what was said of it, the scores that matured with its landing, what monitors see.
 * Undefined when somebody else has done it.
 */
export async function watchSession(watch: Watch, session: string, said: readonly ForecastRow[]): Promise<RaisedAlert[] | undefined> {
  const { world, endpoint, build, buildId } = watch
  return await world.db.transaction(async (tx) => {
    const row = await lockSupervision(tx, endpoint)
    if (row === undefined || (row.processedThrough !== null && row.processedThrough >= session)) return undefined
    await recordForecasts(tx, { endpoint, buildId }, said)
    const alerts = [...(await look(tx, watch, row, session)), ...(await missLabels(tx, watch, session))]
    const matured = maturedBy(build, session)
    await recordEndpointEvent(tx, {
      endpoint,
      key: `session/${session}`,
      kind: 'session',
      session,
      detail: { matured: matured ?? null, losses: matured === undefined ? {} : await readLosses(tx, endpoint, matured) },
    })
    await advanceSupervision(tx, endpoint, session)
    return alerts
  })
}

/** Without a new session: forecasts of a new forecaster, monitors that were opened behind, or that waited for a decision. */
export async function catchUp(watch: Watch, said: readonly ForecastRow[]): Promise<RaisedAlert[]> {
  const { world, endpoint, buildId } = watch
  return await world.db.transaction(async (tx) => {
    const row = await lockSupervision(tx, endpoint)
    if (row == null || row.processedThrough === null) return []
    await recordForecasts(tx, { endpoint, buildId }, said)
    return await look(tx, watch, row, row.processedThrough)
  })
}

/** Scores and monitors as of the landing of a session: later labels of the build are not known yet. */
async function look(tx: Executor, { world, endpoint, build }: Watch, row: StandingSupervision, landed: string): Promise<RaisedAlert[]> {
  const { manifest } = build
  const { sessions, label } = manifest
  const play = await readPlay(tx, row)
  const matured = maturedBy(build, landed)
  if (matured !== undefined) {
    const of = { endpoint, dataset: row.dataset, expression: label.expression }
    await scoreSessions(tx, { ...of, after: unscoredAfter(play, sessions, matured, label.reach), through: matured })
  }
  const decidedThrough = await play.decidedThrough()
  const alerts: RaisedAlert[] = []
  for (const monitor of play.monitors)
    switch (monitor.kind) {
      case 'decay': {
        const through = earlier(matured, decidedThrough)
        if (through !== undefined) alerts.push(...(await advanceDecay(tx, monitor, { sessions, reach: label.reach, through })))
        break
      }
      case 'data-drift': {
        const decided = decidedThrough === null ? null : sessions[lastUpTo(sessions, decidedThrough) + label.reach]
        const through = earlier(landed, decided ?? null)!
        alerts.push(...(await advanceDrift({ db: tx, objects: world.objects }, monitor, build, { policy: row.policy.drift, through })))
        break
      }
      default:
        monitor.kind satisfies never
    }
  return alerts
}

/** The last session whose label reads no later one than `landed`. */
const maturedBy = ({ manifest }: DecodedBuild, landed: string): string | undefined =>
  manifest.sessions[lastUpTo(manifest.sessions, landed) - manifest.label.reach]

/** Before everything that a forecaster in play may have no score for. */
function unscoredAfter({ needs }: Play, sessions: readonly string[], matured: string, reach: number): string {
  const recent = sessions[Math.max(0, lastUpTo(sessions, matured) - reach - patience)]!
  return forecastersOf(needs).reduce((first, { after }) => (after < first ? after : first), recent)
}

const earlier = (session: string | undefined, limit: string | null): string | undefined =>
  session === undefined || limit === null || session < limit ? session : limit

/** Sessions land, but labels do not come: told when so many are missing, and again after as many more. */
async function missLabels(tx: Executor, { endpoint, build }: Watch, session: string): Promise<RaisedAlert[]> {
  const { sessions, label } = build.manifest
  const due = lastUpTo(sessions, session) - label.reach
  const known = labelledUpTo(build, due)
  const missing = due - known
  if (missing <= 0 || missing % patience !== 0) return []
  const last = sessions[known] ?? null
  const summary = `no label of ${endpoint} has become known for ${missing} sessions: the last is that of ${last ?? 'none'}, that of ${sessions[due]} is due`
  const alert = { endpoint, kind: 'no-labels', severity: 'warning', session, monitorId: null, summary } as const
  return [{ id: await raiseAlert(tx, { ...alert, evidence: { missing, last, due: sessions[due] } }), kind: 'no-labels', session, summary }]
}
