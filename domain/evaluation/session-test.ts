/**
 * Is the mean of a quantity measured once a session above zero? Rows of one session share their market, so each
 * session is one observation, however many symbols it has (clustering by session). Sessions in turn follow each other:
 * losses of rivals stay apart for days, so the variance of the mean is Newey and West's (1987, Econometrica 55), with
 * Bartlett weights and the lag max(reach − 1, ⌊4 (n/100)^(2/9)⌋): labels that overlap are correlated by construction,
 * and the second is the usual rule for the rest. With n/(n − 1) for the small sample and Student's t with n − 1 degrees
 * of freedom, as Harvey, Leybourne and Newbold (1997) advise for the Diebold–Mariano test, which this is.
 */
import { mean } from './correlation.ts'
import { studentUpperTail } from './student-t.ts'

/** `pValue` is one-sided: of a mean at least as high if the truth were zero. Null when nothing varies. */
export type SessionTest = { mean: number; t: number | null; pValue: number | null; sessions: number; lag: number }

/** `values` by session, ascending; `reach` is how many sessions ahead the label reads. */
export function testMeanAboveZero(values: readonly number[], reach: number): SessionTest {
  const n = values.length
  const lag = Math.min(Math.max(reach - 1, Math.floor(4 * (n / 100) ** (2 / 9))), Math.max(0, n - 1))
  const untested = { mean: n === 0 ? 0 : mean(values), t: null, pValue: null, sessions: n, lag }
  if (n < 2 || values.every((value) => value === values[0])) return untested
  const centre = mean(values)
  const variance = longRunVariance(values, centre, lag)
  if (!(variance > 0)) return untested
  const t = centre / Math.sqrt(variance / (n - 1))
  return { ...untested, t, pValue: studentUpperTail(t, n - 1) }
}

function longRunVariance(values: readonly number[], centre: number, lag: number): number {
  const n = values.length
  let variance = 0
  for (let distance = 0; distance <= lag; distance++) {
    let covariance = 0
    for (let i = distance; i < n; i++) covariance += (values[i]! - centre) * (values[i - distance]! - centre)
    const weight = distance === 0 ? 1 : 2 * (1 - distance / (lag + 1))
    variance += (weight * covariance) / n
  }
  return variance
}
