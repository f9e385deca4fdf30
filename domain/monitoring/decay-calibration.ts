/**
 * The CUSUM's reference and threshold from a recipe's walk-forward losses, one a session, of sessions that no fit had
 * seen. Mean and deviation are theirs. Years of 252 sessions are drawn from them by block bootstrap, the CUSUM runs over
 * each from 0, and the threshold is a height that at most `falseAlarmsAYear` of such years exceed, with 97.5 % confidence:
 * the share in the drawn ones is lower by two of its standard errors. What is promised is the rate for years that look
 * like blocks of this reference; that mean and deviation are estimates themselves is not in it. Losses in the label's
 * squared units, all of them finite; O(draws · 252).
 */
import { DomainError } from '../domain-error.ts'
import { resampleBlocks } from './block-bootstrap.ts'
import type { CusumChart } from './cusum.ts'
import { seededWholeNumbers } from './random.ts'

export const sessionsAYear = 252
const draws = 20_000
const fewestBlocks = 3

export type DecayRule = { falseAlarmsAYear: number; blockSessions: number; allowance: number }

/** `alarmShare` is the share of the bootstrapped years that fire. */
export type DecayCalibration = CusumChart & { sessions: number; blockSessions: number; years: number; alarmShare: number }

/**
 * `losses` ascending by session. The same losses, rule and seed give the same threshold on every machine.
 * @throws DomainError recipe_invalid with fewer sessions than three blocks, or losses that do not vary
 */
export function calibrateDecay(losses: readonly number[], rule: DecayRule, seed = 1): DecayCalibration {
  const { falseAlarmsAYear, blockSessions, allowance } = rule
  const sessions = losses.length
  if (sessions < fewestBlocks * blockSessions)
    throw new DomainError(
      'recipe_invalid',
      `the walk-forward has ${sessions} sessions, fewer than ${fewestBlocks} blocks of ${blockSessions}: train on a longer segment, or choose shorter blocks`,
      { sessions, blockSessions },
    )
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / sessions
  const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / (sessions - 1))
  // equal numbers have a mean that differs from them in the last bit
  if (!(deviation > 1e-12 * Math.abs(mean)))
    throw new DomainError('recipe_invalid', `the walk-forward losses are all ${mean}: nothing can rise above them`, { sessions })

  const chart = { mean, deviation, allowance, threshold: Infinity }
  const highest = highestOfYears(chart, losses, blockSessions, seed)
  const quiet = (1 - falseAlarmsAYear) * draws + 2 * Math.sqrt(draws * falseAlarmsAYear * (1 - falseAlarmsAYear))
  const threshold = highest.toSorted()[Math.min(Math.ceil(quiet), draws) - 1]!
  const alarms = highest.reduce((count, height) => count + (height > threshold ? 1 : 0), 0)
  return { ...chart, threshold, sessions, blockSessions, years: draws, alarmShare: alarms / draws }
}

function highestOfYears(chart: CusumChart, losses: readonly number[], blockSessions: number, seed: number): Float64Array {
  const random = seededWholeNumbers(seed)
  const year = new Int32Array(sessionsAYear)
  // cusumStep without its answer: five million of those would keep the collector, and whoever shares the process, busy
  const rises = Float64Array.from(losses, (loss) => (loss - chart.mean) / chart.deviation)
  const highest = new Float64Array(draws)
  for (let draw = 0; draw < draws; draw++) {
    resampleBlocks(year, losses.length, blockSessions, random)
    let sum = 0
    for (let at = 0; at < sessionsAYear; at++) {
      sum = Math.max(0, sum + rises[year[at]!]! - chart.allowance)
      if (sum > highest[draw]!) highest[draw] = sum
    }
  }
  return highest
}
