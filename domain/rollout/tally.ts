/** What was answered for a deployment, as counts that add up over replicas and subtract over time. */

export type Tally = {
  requests: number
  errors: number
  /** answers that were no finite number, and were refused to the client: each request with one is also an error */
  nonFinite: number
  answers: number
  /** sums are of answer − origin, so that they keep their digits when answers lie far from zero and close together */
  origin: number
  sum: number
  sumOfSquares: number
  /** counts by bucket */
  latencies: readonly number[]
}

export const emptyTally = (buckets: number): Tally => ({
  requests: 0,
  errors: 0,
  nonFinite: 0,
  answers: 0,
  origin: 0,
  sum: 0,
  sumOfSquares: 0,
  latencies: new Array<number>(buckets).fill(0),
})

/** One tally of all, around the origin of the first that has answered. */
export function totalOf(tallies: readonly Tally[], buckets: number): Tally {
  const origin = tallies.find(({ answers }) => answers > 0)?.origin ?? 0
  return tallies.reduce<Tally>((total, tally) => combined(total, around(tally, origin), 1), { ...emptyTally(buckets), origin })
}

/** What came after `then`, of which `now` is a later state. */
export const since = (now: Tally, then: Tally): Tally => combined(now, around(then, now.origin), -1)

/** Mean and standard deviation of the answers; null without any. */
export function momentsOf({ answers, origin, sum, sumOfSquares }: Tally): { mean: number; deviation: number } | null {
  if (answers === 0) return null
  const mean = sum / answers
  const variance = answers < 2 ? 0 : Math.max(0, (sumOfSquares - answers * mean * mean) / (answers - 1))
  return { mean: origin + mean, deviation: Math.sqrt(variance) }
}

function combined(left: Tally, right: Tally, sign: 1 | -1): Tally {
  return {
    requests: left.requests + sign * right.requests,
    errors: left.errors + sign * right.errors,
    nonFinite: left.nonFinite + sign * right.nonFinite,
    answers: left.answers + sign * right.answers,
    origin: left.origin,
    sum: left.sum + sign * right.sum,
    sumOfSquares: left.sumOfSquares + sign * right.sumOfSquares,
    latencies: left.latencies.map((count, bucket) => count + sign * (right.latencies[bucket] ?? 0)),
  }
}

/** The same answers around another origin. */
function around(tally: Tally, origin: number): Tally {
  const shift = tally.origin - origin
  return {
    ...tally,
    origin,
    sum: tally.sum + tally.answers * shift,
    sumOfSquares: tally.sumOfSquares + 2 * shift * tally.sum + tally.answers * shift * shift,
  }
}
