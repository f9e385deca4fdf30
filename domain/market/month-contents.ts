/** Content by month: a month's hash stays what it is when its year is over and chunks are joined. */
import { compareText } from './actions.ts'
import type { BarColumns } from './bars.ts'
import { dayOf } from './session-days.ts'
import { allOf, type BarRange, barsSha256 } from './snapshot-identity.ts'

/** The month of a session: `2026-11`. */
export const monthOf = (session: string): string => session.slice(0, 7)

/** Characters of a month's hash: 128 bits of SHA-256 in base64url. Every snapshot's manifest repeats all of them. */
const hashLength = 22
const withoutBars = '-'.repeat(hashLength)

/**
 * The hashes of the raw bars of each month, from the one of the first session to that of the last, one behind the other; of
 * symbols in any order. A month without bars is told as such. Cost: linear.
 */
export function monthContents(pieces: readonly BarColumns[]): string {
  const ordered = pieces.toSorted((a, b) => compareText(a.symbol, b.symbol))
  const firsts = ordered.map(({ sessions }) => sessions[0]!).sort(compareText)
  const lasts = ordered.map(({ sessions }) => sessions.at(-1)!).sort(compareText)
  const ranges = ordered.map((bars): BarRange => ({ ...allOf(bars), to: 0 }))
  return monthsBetween(firsts[0]!, lasts.at(-1)!)
    .map((month) => {
      const after = dayOf(`${nextMonth(month)}-01`)!
      for (const range of ranges) {
        range.from = range.to
        while (range.to < range.days.length && range.days[range.to]! < after) range.to++
      }
      const own = ranges.filter(({ from, to }) => to > from)
      return own.length === 0 ? withoutBars : Buffer.from(barsSha256(own), 'hex').toString('base64url').slice(0, hashLength)
    })
    .join('')
}

/** Each month of a chunk that has bars, with its hash, as `monthContents` wrote them. */
export const monthHashes = (months: string, firstSession: string, lastSession: string): [month: string, hash: string][] =>
  monthsBetween(firstSession, lastSession)
    .map((month, index): [string, string] => [month, months.slice(index * hashLength, (index + 1) * hashLength)])
    .filter(([, hash]) => hash !== withoutBars)

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
