/**
 * Raw bars out of a vendor's split-adjusted ones (Yahoo's chart: prices divided, and volume multiplied, by every later
 * split; dividends likewise). For a session s:
 *
 *   shares(s) = product of the ratios of splits with exDate > s
 *   raw price = price × shares(s)        raw volume = volume / shares(s)        raw cash = amount × shares(exDate)
 *
 * That is right only with all splits up to the day on which the vendor was asked. Yahoo's prices are float32 printed as
 * float64: a price is first taken back to the shortest decimal with the same float32, and a product to seven digits.
 */
export type DatedRatio = { exDate: string; ratio: number }

/** Splits ascending or not; answers the shares that one share of a session has become. */
export function laterShares(splits: readonly DatedRatio[]): (session: string) => number {
  return (session) => splits.reduce((shares, { exDate, ratio }) => (exDate > session ? shares * ratio : shares), 1)
}

export function rawPrice(adjusted: number, shares: number): number {
  const printed = shortestFloat32(adjusted)
  return shares === 1 ? printed : Number((printed * shares).toPrecision(7))
}

export const rawVolume = (adjusted: number, shares: number): number => (shares === 1 ? adjusted : Math.round(adjusted / shares))

function shortestFloat32(value: number): number {
  const single = Math.fround(value)
  for (let digits = 6; digits <= 8; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === single) return shorter
  }
  return value
}
