import { z } from 'zod'
import type { Executor } from '#db/client.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { recordMonitorPoint } from '#db/commands/record-monitor-point.ts'
import { type OpenMonitor, readScores } from '#db/queries/standing-panel.ts'
import { cusumStep } from '#domain/monitoring/cusum.ts'
import { lastUpTo } from '../features/decoded-build.ts'
import { forecasterOf, persistenceOf } from './forecaster.ts'

/** What a decay monitor keeps to, beside its threshold. */
export const DecayCalibration = z.object({
  mean: z.number(),
  deviation: z.number(),
  allowance: z.number(),
})

/** What the next session goes on from: the sum, and since which session it is above 0. */
const Carried = z.object({ sum: z.number(), since: z.string().nullable() })

export type RaisedAlert = { id: string; kind: 'decay' | 'data-drift' | 'no-labels'; session: string; summary: string }

/**
 * Takes a CUSUM over the scored sessions after its last point, up to `through`, in order. `sessions` is the calendar: an
 * alarm belongs to the session at whose landing the loss became known.
 */
export async function advanceDecay(
  db: Executor,
  monitor: OpenMonitor,
  { sessions, reach, through }: { sessions: readonly string[]; reach: number; through: string },
): Promise<RaisedAlert[]> {
  const { endpoint, threshold, last } = monitor
  const version = { name: monitor.modelName, version: monitor.modelVersion }
  const chart = { ...DecayCalibration.parse(monitor.calibration), threshold }
  const scores = await readScores(db, { endpoint, forecaster: forecasterOf(version), after: last?.session ?? monitor.after, through })
  let { sum, since } = last === null ? { sum: 0, since: null } : Carried.parse(last.detail)
  const raised: RaisedAlert[] = []
  for (const { session, loss, bias } of scores) {
    const step = cusumStep(chart, sum, loss)
    const rising = step.statistic > 0 ? (since ?? session) : null
    ;({ sum } = step)
    since = step.fired ? null : rising
    await recordMonitorPoint(db, monitor.id, {
      session,
      statistic: step.statistic,
      fired: step.fired,
      detail: { loss, bias, z: step.z, sum, since },
    })
    if (!step.fired) continue
    const landed = sessions[lastUpTo(sessions, session) + reach] ?? sessions.at(-1)!
    const evidence = { ...(await lossesSince(session, rising ?? session)), statistic: step.statistic, threshold, z: step.z, loss, bias }
    const summary = summaryOf(evidence)
    const alert = { endpoint, kind: 'decay', severity: 'warning', session: landed, monitorId: monitor.id, summary } as const
    raised.push({ id: await raiseAlert(db, { ...alert, evidence }), kind: 'decay', session: landed, summary })
  }
  return raised

  /** From where the CUSUM left 0, which is Page's estimate of when the loss began to rise. */
  async function lossesSince(session: string, from: string) {
    const before = sessions[lastUpTo(sessions, from) - 1] ?? monitor.after
    const range = { endpoint, after: before, through: session }
    const own = await readScores(db, { ...range, forecaster: forecasterOf(version) })
    const naive = await readScores(db, { ...range, forecaster: persistenceOf(version) })
    return {
      model: forecasterOf(version),
      lossSession: session,
      since: from,
      sessions: own.length,
      meanLoss: meanLoss(own),
      meanBias: own.reduce((total, { bias }) => total + bias, 0) / own.length,
      persistenceLoss: naive.length === 0 ? null : meanLoss(naive),
      referenceLoss: chart.mean,
    }
  }

  function summaryOf(evidence: Awaited<ReturnType<typeof lossesSince>> & { statistic: number }): string {
    const { model, sessions: count, meanLoss: loss, referenceLoss } = evidence
    const when = count === 1 ? `on ${evidence.since}` : `over the ${count} sessions since ${evidence.since}`
    return `the loss of ${model} has risen: ${loss.toFixed(3)} ${when}, against ${referenceLoss.toFixed(3)} in its walk-forward; the CUSUM stands at ${evidence.statistic.toFixed(1)}, above its threshold of ${threshold.toFixed(1)}`
  }
}

const meanLoss = (scores: readonly { loss: number }[]) => scores.reduce((total, { loss }) => total + loss, 0) / scores.length
