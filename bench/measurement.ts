/** A benchmark is a ratio of us against a peer or a limit, in one run on the same data, answers compared before times. */

/** `goal` is the largest ratio of our figure to the peer's that is good enough; smaller figures are better. */
export type Measurement = {
  name: string
  unit: string
  ours: number
  peer: number
  ratio: number
  goal: number
  met: boolean
  answersEqual: boolean
}

/** What each file bench/NAME.ts exports as `benchmark`. */
export type Benchmark = () => Promise<Measurement[]>

export function measurement(figures: Pick<Measurement, 'name' | 'unit' | 'ours' | 'peer' | 'goal' | 'answersEqual'>): Measurement {
  const ratio = figures.ours / figures.peer
  return { ...figures, ratio, met: figures.answersEqual && ratio <= figures.goal }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Median figures of us and the peer, measured by turns so that both meet the same machine. The first `warmUp` pairs are
 * not counted: compilers and caches settle.
 */
export async function pairedMedians(
  pairs: { repeats: number; warmUp: number },
  ours: () => number | Promise<number>,
  peer: () => number | Promise<number>,
): Promise<{ ours: number; peer: number }> {
  const figures: { ours: number; peer: number }[] = []
  for (let pair = 0; pair < pairs.warmUp + pairs.repeats; pair++) {
    const figure = { ours: await ours(), peer: await peer() }
    if (pair >= pairs.warmUp) figures.push(figure)
  }
  return { ours: median(figures.map((figure) => figure.ours)), peer: median(figures.map((figure) => figure.peer)) }
}

/** Seconds of the fastest of `calls` calls in a row: what the work costs when nothing else has the processor. */
export function fastest(calls: number, work: () => unknown): number {
  let best = Infinity
  for (let call = 0; call < calls; call++) {
    const started = performance.now()
    work()
    best = Math.min(best, (performance.now() - started) / 1000)
  }
  return best
}

/** Of figures that were taken by turns, the pair whose ratio is the median: what slowed one pair down touches no other. */
export function medianPair(figures: readonly { ours: number; peer: number }[]): { ours: number; peer: number } {
  const sorted = figures.toSorted((a, b) => a.ours / a.peer - b.ours / b.peer)
  return sorted[sorted.length >> 1]!
}
