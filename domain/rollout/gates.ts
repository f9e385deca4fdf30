/**
 * Whether a new version may take more traffic: its answers beside the old version's. A gate fails when a figure is above
 * its limit and chance does not explain it; too few answers decide nothing. Non-finite answers need no second look.
 *
 * Rates are compared by Fisher's exact test, one-sided. So are latencies: the requests that were slower than the limit,
 * of either version, so that a stall of the machine, which hits both, fails neither. Gates are looked at twice a second,
 * so the evidence must be strong: at 1 in 10,000, fewer than 1 in 100 rollouts of an equal version fail by chance.
 */
import { quantileOf, slowerThan } from './latency-histogram.ts'
import { binomialUpperTail, fisherUpperTail } from './tail-probabilities.ts'
import { momentsOf, type Tally } from './tally.ts'

export type GateLimits = {
  minAnswers: number
  maxErrorRateIncrease: number
  maxLatencyRatio: number
  latencyFloorMs: number
  maxPredictionShift: number
}

export type GateVerdict = 'passed' | 'failed' | 'inconclusive'

export type GateJudgement = {
  verdict: GateVerdict
  /** one sentence with the figures */
  reason: string
  newAnswers: number
  oldAnswers: number
  newErrorRate: number
  oldErrorRate: number
  newLatencyP99Ms: number | null
  oldLatencyP99Ms: number | null
  nonFinite: number
  predictionShift: number | null
}

const evidence = 1e-4

/**
 * `old` is null when there is nothing to compare with: then the rate of errors is held against its limit alone, and
 * latency and predictions against nothing. `bounds` are those of the tallies' latency buckets, in milliseconds.
 */
export function judgeGates(fresh: Tally, old: Tally | null, limits: GateLimits, bounds: readonly number[]): GateJudgement {
  const figures = {
    newAnswers: fresh.answers,
    oldAnswers: old?.answers ?? 0,
    newErrorRate: errorRate(fresh),
    oldErrorRate: old === null ? 0 : errorRate(old),
    newLatencyP99Ms: quantileOf(bounds, fresh.latencies, 0.99),
    oldLatencyP99Ms: old === null ? null : quantileOf(bounds, old.latencies, 0.99),
    nonFinite: fresh.nonFinite,
    predictionShift: old !== null && Math.min(fresh.answers, old.answers) >= limits.minAnswers ? shiftOf(fresh, old) : null,
  }
  const faults = [
    nonFiniteFault(fresh),
    errorFault(fresh, old, limits),
    old === null ? undefined : latencyFault(fresh, old, limits, bounds),
    shiftFault(figures.predictionShift, limits),
  ].filter((fault) => fault !== undefined)
  if (faults.length > 0) return { ...figures, verdict: 'failed', reason: faults.join('; ') }
  const lacking = tooFew(fresh, old, limits)
  if (lacking !== undefined) return { ...figures, verdict: 'inconclusive', reason: lacking }
  return { ...figures, verdict: 'passed', reason: summary(figures, old !== null) }
}

const errorRate = ({ requests, errors }: Tally) => (requests === 0 ? 0 : errors / requests)

function nonFiniteFault({ nonFinite }: Tally): string | undefined {
  return nonFinite > 0 ? `${nonFinite} of its answers ${nonFinite === 1 ? 'was' : 'were'} not finite` : undefined
}

function errorFault(fresh: Tally, old: Tally | null, { maxErrorRateIncrease }: GateLimits): string | undefined {
  const oldRate = old === null ? 0 : errorRate(old)
  if (errorRate(fresh) - oldRate <= maxErrorRateIncrease) return undefined
  const chance =
    old === null
      ? binomialUpperTail(fresh.errors, fresh.requests, maxErrorRateIncrease)
      : fisherUpperTail(fresh.errors, fresh.requests, old.errors, old.requests)
  if (chance >= evidence) return undefined
  const beside = old === null ? '' : `, the old version's ${percent(oldRate)}`
  return `${percent(errorRate(fresh))} of its ${fresh.requests} requests failed${beside} (at most ${percent(maxErrorRateIncrease)} more may)`
}

function latencyFault(fresh: Tally, old: Tally, limits: GateLimits, bounds: readonly number[]): string | undefined {
  const [slow, usual] = [quantileOf(bounds, fresh.latencies, 0.99), quantileOf(bounds, old.latencies, 0.99)]
  if (slow === null || usual === null || Math.min(fresh.answers, old.answers) < limits.minAnswers) return undefined
  const limit = Math.max(limits.latencyFloorMs, usual * limits.maxLatencyRatio)
  if (slow <= limit) return undefined
  const chance = fisherUpperTail(
    slowerThan(bounds, fresh.latencies, limit),
    fresh.requests,
    slowerThan(bounds, old.latencies, limit),
    old.requests,
  )
  if (chance >= evidence) return undefined
  return `its 99th percentile of latency is ${figure(slow)} ms, the old version's ${figure(usual)} ms (at most ${figure(limit)} ms)`
}

/** In standard deviations of the old answers; null when those do not vary, for then any difference would be infinite. */
function shiftOf(fresh: Tally, old: Tally): number | null {
  const [now, before] = [momentsOf(fresh), momentsOf(old)]
  if (now === null || before === null || !(before.deviation > 1e-12 * Math.abs(before.mean))) return null
  return (now.mean - before.mean) / before.deviation
}

function shiftFault(shift: number | null, { maxPredictionShift }: GateLimits): string | undefined {
  if (shift === null || Math.abs(shift) <= maxPredictionShift) return undefined
  return `its mean answer lies ${figure(shift)} standard deviations from the old version's (at most ${figure(maxPredictionShift)})`
}

function tooFew(fresh: Tally, old: Tally | null, { minAnswers }: GateLimits): string | undefined {
  if (fresh.answers < minAnswers) return `the new version has answered ${fresh.answers} times, at least ${minAnswers} are needed to tell`
  if (old !== null && old.answers < minAnswers)
    return `the old version has answered ${old.answers} times beside it, at least ${minAnswers} are needed to compare`
  return undefined
}

function summary(figures: Omit<GateJudgement, 'verdict' | 'reason'>, compared: boolean): string {
  const { newAnswers, newErrorRate, oldErrorRate, newLatencyP99Ms, oldLatencyP99Ms, predictionShift } = figures
  const beside = (text: string) => (compared ? ` (old ${text})` : '')
  return [
    `${newAnswers} answers${beside(`${figures.oldAnswers}`)}`,
    `${percent(newErrorRate)} of requests failed${beside(percent(oldErrorRate))}`,
    `99 % within ${figure(newLatencyP99Ms ?? 0)} ms${beside(`${figure(oldLatencyP99Ms ?? 0)} ms`)}`,
    compared
      ? `mean answer ${predictionShift === null ? 'not comparable' : `${figure(predictionShift)} standard deviations away`}`
      : 'nothing to compare with',
  ].join(', ')
}

const figure = (value: number) => String(Number(value.toPrecision(3)))
const percent = (rate: number) => `${Number((100 * rate).toPrecision(3))} %`
