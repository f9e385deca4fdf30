/** What a supervisor has made of a replay, as the API would tell it. */
import type { Watching } from '#cli/demo/watching.ts'
import { type Alert, type Retrain, SupervisionPolicy } from '#contracts/supervision.ts'
import { xnys } from '#domain/calendar/calendars.ts'

const id = '01985b7e-1c2d-7e3f-8a4b-5c6d7e8f9a0b'
const at = '2026-01-05T10:00:00.000Z'
const champion = { name: 'range', version: 1 }

/** The sessions of the replay whose outcome can be known. */
export const sessions = xnys.sessionsBetween('2008-06-02', '2008-11-26')

/** Everything up to a session is scored and watched; nothing happened. */
export function watchedUpTo(through: string, change: Partial<Watching> = {}): Watching {
  const seen = sessions.filter((session) => session <= through)
  return {
    supervision: {
      endpoint: 'tomorrows-range',
      dataset: 'us-daily',
      label: { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' },
      policy: SupervisionPolicy.parse({}),
      state: 'running',
      step: 'watch',
      champion,
      processedThrough: '2008-11-28',
      pausedBy: null,
      failure: null,
      requestedBy: 'first-admin',
      startedAt: at,
      endedAt: null,
    },
    scores: seen.flatMap((session) =>
      ['persistence/range@1', 'range@1'].map((forecaster) => ({ session, forecaster, loss: 0.125, bias: 0, rows: 4 })),
    ),
    monitors: [
      {
        monitor: {
          id,
          endpoint: 'tomorrows-range',
          kind: 'decay',
          model: champion,
          after: '2008-05-30',
          threshold: 8,
          calibration: {},
          session: null,
          statistic: null,
          createdAt: at,
          endedAt: null,
        },
        points: seen.map((session) => ({ session, statistic: 1.5, threshold: 8, fired: false, detail: {} })),
      },
    ],
    alerts: [],
    retrains: [],
    ...change,
  }
}

export const alarm = (session: string): Alert => ({
  id: `01985b7e-1c2d-7e3f-8a4b-${session.replaceAll('-', '').padStart(12, '0')}`,
  endpoint: 'tomorrows-range',
  kind: 'decay',
  severity: 'warning',
  session,
  monitorId: id,
  summary: 'the loss has risen',
  evidence: {},
  raisedAt: at,
  acknowledgedBy: null,
  acknowledgedAt: null,
})

export const retrainOf = (session: string, change: Partial<Retrain> = {}): Retrain => ({
  id,
  endpoint: 'tomorrows-range',
  trigger: 'decay',
  alertId: id,
  session,
  runId: id,
  state: 'not-promoted',
  champion,
  challenger: { name: 'range', version: 2 },
  looks: [],
  verdict: 'inconclusive',
  reason: 'inconclusive after 30 sessions',
  fallback: null,
  deploymentId: null,
  requestedBy: 'policy:tomorrows-range',
  startedAt: at,
  endedAt: at,
  ...change,
})
