/** Supervision for a person: how it stands, and one line for each thing that happens. */
import type { Alert, EndpointEvent, Retrain, Supervision } from '#contracts/supervision.ts'
import { facts, figure, moment } from './output.ts'

const versionOf = (model: { name: string; version: number } | null) => model && `${model.name}@${model.version}`

export const describeSupervision = (supervision: Supervision): string =>
  facts({
    endpoint: supervision.endpoint,
    dataset: supervision.dataset,
    state: supervision.state,
    step: supervision.step,
    champion: versionOf(supervision.champion),
    'processed through': supervision.processedThrough,
    'retrains on': supervision.policy.retrainOn.join(', ') || 'command only',
    'cooldown sessions': supervision.policy.cooldownSessions,
    looks: looksOf(supervision),
    rollout: supervision.policy.rollout.strategy,
    'paused by': supervision.pausedBy,
    failure: supervision.failure,
    by: supervision.requestedBy,
    started: moment(supervision.startedAt),
    ended: moment(supervision.endedAt),
  })

const looksOf = ({ policy: { challenge } }: Supervision) =>
  `after ${challenge.firstLook} to ${challenge.lastLook} sessions, every ${challenge.lookEvery}, alpha ${challenge.alpha}`

export function describeAlert(alert: Alert): string {
  const lines = [
    facts({
      alert: alert.id,
      endpoint: alert.endpoint,
      kind: alert.kind,
      severity: alert.severity,
      session: alert.session,
      summary: alert.summary,
      monitor: alert.monitorId,
      raised: moment(alert.raisedAt),
      'acknowledged by': alert.acknowledgedBy,
      acknowledged: moment(alert.acknowledgedAt),
    }),
    `evidence  ${JSON.stringify(alert.evidence)}`,
  ]
  if (alert.acknowledgedAt === null) lines.push(`next: quantloop alerts acknowledge ${alert.id}`)
  return lines.join('\n')
}

export function describeRetrain(retrain: Retrain): string {
  return [
    facts({
      retrain: retrain.id,
      endpoint: retrain.endpoint,
      trigger: retrain.trigger,
      session: retrain.session,
      state: retrain.state,
      champion: versionOf(retrain.champion),
      challenger: versionOf(retrain.challenger),
      verdict: retrain.verdict,
      reason: retrain.reason,
      run: retrain.runId,
      alert: retrain.alertId,
      deployment: retrain.deploymentId,
      by: retrain.requestedBy,
      started: moment(retrain.startedAt),
      ended: moment(retrain.endedAt),
    }),
    ...retrain.looks.map(
      ({ sessions, through, challengerLoss, championLoss, persistenceLoss, z, boundary, verdict }) =>
        `look after ${sessions} sessions, through ${through}: challenger ${figure(challengerLoss)}, champion ${figure(championLoss)}, ` +
        `persistence ${figure(persistenceLoss)}, z ${figure(z) ?? '–'} against ${figure(boundary)}: ${verdict}`,
    ),
  ].join('\n')
}

/** `2008-09-16  alert  …`: what an event says, as far as a line holds it. */
export function eventLine({ session, kind, detail, at }: EndpointEvent): string {
  const said =
    typeof detail.summary === 'string'
      ? detail.summary
      : Object.entries(detail)
          .map(([name, value]) => `${name} ${wordOf(value)}`)
          .join('  ')
  return `${session ?? moment(at)}  ${kind.padEnd(10)}  ${said}`.trimEnd()
}

const wordOf = (value: unknown) => (typeof value === 'number' ? figure(value) : typeof value === 'string' ? value : JSON.stringify(value))
