/** Content by month: a month's hash stays what it is when its year is over and chunks are joined. */
import { compareText } from './actions.ts'
import { type BarColumns, sliceBars } from './bars.ts'
import { barsSha256 } from './snapshot-identity.ts'

/** The month of a session: `2026-11`. */
export const monthOf = (session: string): string => session.slice(0, 7)

/** The hash of the raw bars of each month, ascending; of symbols in any order. Cost: linear. */
export function monthContents(pieces: readonly BarColumns[]): Record<string, string> {
  const byMonth = new Map<string, BarColumns[]>()
  for (const bars of pieces.toSorted((a, b) => compareText(a.symbol, b.symbol)))
    for (let from = 0; from < bars.sessions.length;) {
      const month = monthOf(bars.sessions[from]!)
      let to = from + 1
      while (to < bars.sessions.length && monthOf(bars.sessions[to]!) === month) to++
      byMonth.set(month, [...(byMonth.get(month) ?? []), sliceBars(bars, from, to)])
      from = to
    }
  return Object.fromEntries([...byMonth].sort(([a], [b]) => compareText(a, b)).map(([month, own]) => [month, barsSha256(own)]))
}

/** Every month from the one of `first` to the one of `last`. */
export function monthsBetween(first: string, last: string): string[] {
  const months: string[] = []
  for (let month = monthOf(first); month <= monthOf(last); month = nextMonth(month)) months.push(month)
  return months
}

function nextMonth(month: string): string {
  const [year, number] = [Number(month.slice(0, 4)), Number(month.slice(5))]
  return number === 12 ? `${String(year + 1).padStart(4, '0')}-01` : `${month.slice(0, 4)}-${String(number + 1).padStart(2, '0')}`
}
