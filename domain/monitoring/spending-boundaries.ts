/**
 * Boundaries of a one-sided group-sequential test by Lan and DeMets' (1983, Biometrika 70) error spending of the O'Brien
 * and Fleming type, α(t) = 2 − 2 Φ(z_{α/2} / √t): by the information fraction t, this much of α is spent. At each look the
 * boundary is the normal score that is crossed there for the first time with the probability that is due, found by the
 * recursive integration of Armitage, McPherson and Rowe (1969) on the grid of Jennison and Turnbull (2000, ch. 19), by
 * Simpson's rule. No stop for futility is assumed, so stopping below costs no error. O(looks · grid²), a few milliseconds;
 * crossing probabilities to 1e-7.
 */
import { normalDensity, normalUpperQuantile, normalUpperTail } from './normal.ts'

/** Sub-density of the score at a look, not stopped before: values at `points`, each already times its weight. */
type Carried = { fraction: number; points: number[]; masses: number[] }

/** `fractions` of the information at each look, ascending, the last one 1; 0 < `alpha` ≤ 0.5. */
export function spendingBoundaries(fractions: readonly number[], alpha: number): number[] {
  const boundaries: number[] = []
  let carried: Carried | undefined
  let spent = 0
  for (const fraction of fractions) {
    const due = spendable(fraction, alpha) - spent
    const boundary = crossedWith(due, (limit) => crossing(carried, fraction, limit))
    boundaries.push(boundary)
    spent += due
    carried = carry(carried, fraction, boundary)
  }
  return boundaries
}

const spendable = (fraction: number, alpha: number) => 2 * normalUpperTail(normalUpperQuantile(alpha / 2) / Math.sqrt(fraction))

/** The limit that `probability` falls to, by bisection: it falls as the limit rises. */
function crossedWith(due: number, probability: (limit: number) => number): number {
  let [low, high] = [-8, 38]
  while (high - low > 1e-12 * Math.max(1, Math.abs(low))) {
    const middle = (low + high) / 2
    if (probability(middle) > due) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(the score at this look lies above `limit`, and no boundary was crossed before). */
function crossing(carried: Carried | undefined, fraction: number, limit: number): number {
  if (carried === undefined) return normalUpperTail(limit)
  const step = Math.sqrt(fraction - carried.fraction)
  const scale = Math.sqrt(carried.fraction)
  const target = limit * Math.sqrt(fraction)
  return carried.points.reduce((sum, point, at) => sum + carried.masses[at]! * normalUpperTail((target - point * scale) / step), 0)
}

function carry(carried: Carried | undefined, fraction: number, boundary: number): Carried {
  const { points, weights } = simpsonGrid(boundary)
  const density = (point: number) => {
    if (carried === undefined) return normalDensity(point)
    const step = Math.sqrt(fraction - carried.fraction)
    const scale = Math.sqrt(carried.fraction)
    const target = point * Math.sqrt(fraction)
    let sum = 0
    for (let at = 0; at < carried.points.length; at++) {
      const away = (target - carried.points[at]! * scale) / step
      if (Math.abs(away) < 9) sum += carried.masses[at]! * normalDensity(away)
    }
    return (sum * Math.sqrt(fraction)) / step
  }
  return { fraction, points, masses: points.map((point, at) => weights[at]! * density(point)) }
}

/** Fineness of the grid: errors fall with its fourth power. Many looks a narrow step apart need as many points. */
const fineness = 48

/** Odd points on (−∞, `limit`], dense where the normal density is, each pair with its middle. */
function simpsonGrid(limit: number): { points: number[]; weights: number[] } {
  const r = fineness
  const whole = Array.from({ length: 6 * r - 1 }, (_, index) => {
    const i = index + 1
    if (i < r) return -3 - 4 * Math.log(r / i)
    return i <= 5 * r ? -3 + (3 * (i - r)) / (2 * r) : 3 + 4 * Math.log(r / (6 * r - i))
  })
  const ends = [...whole.filter((point) => point < limit), limit]
  const points: number[] = [ends[0]!]
  const weights: number[] = [0]
  for (let at = 1; at < ends.length; at++) {
    const [from, to] = [ends[at - 1]!, ends[at]!]
    points.push((from + to) / 2, to)
    weights[weights.length - 1]! += (to - from) / 6
    weights.push((4 * (to - from)) / 6, (to - from) / 6)
  }
  return { points, weights }
}
