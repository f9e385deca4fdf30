/**
 * Upper tails of the hypergeometric and the binomial distribution: how surprising a count is. The first term comes from
 * logarithms of factorials (Stirling's series, DLMF 5.11.1, exact below 16), the others by their ratio, until they no
 * longer count. Relative error below 1e-6 up to counts of 10,000,000; the tests hold them against SciPy.
 */

/**
 * Fisher's exact test, one-sided: the chance of at least `hits` among `drawn`, when `otherHits` more were found among
 * `otherDrawn` and chance alone divided the hits. 1 when either side is empty.
 */
export function fisherUpperTail(hits: number, drawn: number, otherHits: number, otherDrawn: number): number {
  const marked = hits + otherHits
  const all = drawn + otherDrawn
  const logChance = (k: number) => logChoose(marked, k) + logChoose(all - marked, drawn - k) - logChoose(all, drawn)
  const ratio = (k: number) => ((marked - k) * (drawn - k)) / ((k + 1) * (all - marked - drawn + k + 1))
  const least = Math.max(0, drawn - (all - marked))
  return upperTail(hits, least, Math.min(marked, drawn), (drawn * marked) / Math.max(1, all), logChance, ratio)
}

/** The chance of at least `hits` among `drawn` that are hits with probability `rate` each. */
export function binomialUpperTail(hits: number, drawn: number, rate: number): number {
  if (rate <= 0) return hits > 0 ? 0 : 1
  if (rate >= 1) return 1
  const logChance = (k: number) => logChoose(drawn, k) + k * Math.log(rate) + (drawn - k) * Math.log1p(-rate)
  const ratio = (k: number) => ((drawn - k) / (k + 1)) * (rate / (1 - rate))
  return upperTail(hits, 0, drawn, drawn * rate, logChance, ratio)
}

/** `ratio(k)` is the chance of k + 1 over that of k. Sums on the side of `centre` where terms shrink. */
function upperTail(
  from: number,
  least: number,
  most: number,
  centre: number,
  logChance: (k: number) => number,
  ratio: (k: number) => number,
): number {
  if (from <= least) return 1
  if (from > most) return 0
  if (from > centre)
    return Math.min(
      1,
      sumOutwards(Math.exp(logChance(from)), from, most, (k) => ratio(k)),
    )
  return Math.max(0, 1 - sumOutwards(Math.exp(logChance(from - 1)), 1 - from, -least, (k) => 1 / ratio(-k - 1)))
}

function sumOutwards(first: number, from: number, to: number, ratio: (k: number) => number): number {
  let term = first
  let sum = first
  for (let k = from; k < to && term > sum * 1e-17; k++) {
    term *= ratio(k)
    sum += term
  }
  return sum
}

const logChoose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

const smallFactorials = Array.from({ length: 16 }, (_, n) => Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1))

function logFactorial(n: number): number {
  const small = smallFactorials[n]
  if (small !== undefined) return Math.log(small)
  const inverse = 1 / n
  const square = inverse * inverse
  const correction = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + correction
}
