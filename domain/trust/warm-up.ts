/**
 * How much history a feature needs. Computed from a later start it may differ from what the whole history gives: until its
 * window is full, and beyond that when it is recursive (an exponential mean, a cumulative volume). For each length of
 * warm-up the mean squared difference at some rows is told as a share of the feature's own variance; 0 means the same.
 */
export type WarmUp = {
  /** by length of the warm-up; null where no row was compared, or the feature itself has no variance */
  variance: (number | null)[]
  /** rows on which a value is missing that the whole history gives */
  missing: number[]
  /** the shortest length from which on nothing is missing and the share is at most `settled`; null when none is */
  settles: number | null
}

export const settled = 1e-6

/** Sums of one feature over rows and lengths. */
export class WarmUpTally {
  private readonly lengths: readonly number[]
  private readonly squares: number[]
  private readonly rows: number[]
  private readonly missing: number[]

  constructor(lengths: readonly number[]) {
    this.lengths = lengths
    this.squares = lengths.map(() => 0)
    this.rows = lengths.map(() => 0)
    this.missing = lengths.map(() => 0)
  }

  /** `whole` is the value that all of the history gives, `late` the one after a warm-up of this length. */
  add(length: number, whole: number, late: number): void {
    const at = this.lengths.indexOf(length)
    if (!Number.isFinite(whole)) return
    if (!Number.isFinite(late)) this.missing[at]!++
    else {
      this.rows[at]!++
      this.squares[at]! += (late - whole) ** 2
    }
  }

  /** `variance` is the feature's own, over the whole history. */
  result(variance: number | null): WarmUp {
    const shares = this.squares.map((sum, at) => {
      if (this.rows[at] === 0) return null
      if (sum === 0) return 0
      return variance === null || variance === 0 ? null : sum / this.rows[at]! / variance
    })
    const differs = shares.map((share, at) => this.missing[at]! > 0 || (share === null ? this.squares[at]! > 0 : share > settled))
    const from = differs.lastIndexOf(true) + 1
    const tested = (this.rows[from] ?? 0) > 0
    return { variance: shares, missing: [...this.missing], settles: tested ? this.lengths[from]! : null }
  }
}
