/**
 * Newey and West's t of domain/evaluation/session-test.ts in few sessions. Its variance is a quadratic form x'Ax of the
 * sessions' values, for which Student's t with n − 1 degrees of freedom is too short a tail: at 10 sessions and lag 2 it
 * exceeds its 0.07 % limit five times too often. Under independent normal values the form has the mean tr A and the
 * variance 2 tr A², so that it is nearly chi-squared with (tr A)² / tr A² degrees of freedom (Satterthwaite 1946, Biometrics
 * Bulletin 2); t is scaled to that mean. At lag 0 this is Student's own t, exactly. Values that follow each other make the
 * test liberal still, though less. O(n · lag).
 */
import { studentUpperTail } from '../evaluation/student-t.ts'
import { normalUpperQuantile } from './normal.ts'

/** The standard normal value with the same upper tail as `t` of n `sessions` and this `lag` (below n). */
export function normalScore(t: number, sessions: number, lag: number): number {
  const { mean, freedom } = varianceMoments(sessions, lag)
  const scaled = Math.abs(t) * Math.sqrt((mean * sessions) / (sessions - 1))
  const tail = Math.max(studentUpperTail(scaled, freedom), Number.MIN_VALUE)
  return Math.sign(t) * normalUpperQuantile(tail)
}

/** Of the long-run variance of independent values with variance 1: A = M T M / n, T the Bartlett weights, M centres. */
function varianceMoments(n: number, lag: number): { mean: number; freedom: number } {
  const weight = (distance: number) => Math.max(0, 1 - Math.abs(distance) / (lag + 1))
  const rowSums = Array.from({ length: n }, (_, row) => {
    let sum = 0
    for (let other = Math.max(0, row - lag); other <= Math.min(n - 1, row + lag); other++) sum += weight(row - other)
    return sum
  })
  let squares = 0
  for (let distance = -lag; distance <= lag; distance++) squares += (n - Math.abs(distance)) * weight(distance) ** 2
  const total = rowSums.reduce((sum, value) => sum + value, 0)
  const squaredSums = rowSums.reduce((sum, value) => sum + value * value, 0)
  // tr(MT) and tr(MTMT) with M = 1 − 11'/n
  const trace = n - total / n
  const squaredTrace = squares - (2 * squaredSums) / n + (total / n) ** 2
  return { mean: trace / n, freedom: trace ** 2 / squaredTrace }
}
