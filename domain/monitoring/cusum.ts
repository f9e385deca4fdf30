/**
 * One-sided CUSUM (Page 1954, Biometrika 41) of a loss that was measured once a session. In standard deviations of the
 * reference, z = (loss − mean) / deviation; the statistic is S = max(0, S' + z − allowance), which gathers lasting rises
 * and forgets the others. It fires above the threshold, and starts again from 0 after that. Losses are mean squared
 * errors in the label's squared units; S has no unit. A session without a loss is passed over: S stays. O(1) a session.
 */

export type CusumChart = {
  mean: number
  deviation: number
  /** in deviations: smaller rises are not summed up */
  allowance: number
  threshold: number
}

export type CusumStep = {
  z: number
  statistic: number
  fired: boolean
  /** what the next session goes on from: the statistic, or 0 after an alarm */
  sum: number
}

/** `sum` is that of the session before, 0 at the beginning. */
export function cusumStep({ mean, deviation, allowance, threshold }: CusumChart, sum: number, loss: number): CusumStep {
  const z = (loss - mean) / deviation
  const statistic = Math.max(0, sum + z - allowance)
  const fired = statistic > threshold
  return { z, statistic, fired, sum: fired ? 0 : statistic }
}
