/**
 * Upper tail of Student's t distribution, by the regularised incomplete beta function: its continued fraction (DLMF
 * 8.17.22) evaluated by Lentz's method, with Lanczos' approximation (g = 7, n = 9) of the gamma function. Relative
 * error below 1e-8 up to 100,000 degrees of freedom, which the tests hold against SciPy.
 */

/** P(T > t) for T with `freedom` > 0 degrees of freedom. */
export function studentUpperTail(t: number, freedom: number): number {
  const half = incompleteBeta(freedom / 2, 1 / 2, freedom / (freedom + t * t)) / 2
  return t >= 0 ? half : 1 - half
}

/** I_x(a, b) */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  // the fraction converges fast on this side of the mean only
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b
}

function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    const change = d * c
    fraction *= change
    if (Math.abs(change - 1) < 1e-15) break
  }
  return fraction
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

function logGamma(z: number): number {
  const x = z - 1
  const base = x + 7.5
  const series = lanczos.slice(1).reduce((sum, coefficient, index) => sum + coefficient / (x + index + 1), lanczos[0]!)
  return 0.5 * Math.log(2 * Math.PI) + (x + 0.5) * Math.log(base) - base + Math.log(series)
}
