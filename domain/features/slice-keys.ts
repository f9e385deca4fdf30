/**
 * Names of what shards are computed from. A column of a slice reads bars and actions of its group up to the slice's end, so
 * its key is the hash of all of them, chained from slice to slice; what is revised changes the keys from there on. A label
 * also reads some rows ahead (`Ahead`).
 *
 * Equal keys mean equal input. The engine is part of them, and so are the actions that make factors.
 */
import type { CorporateAction } from '../market/actions.ts'
import { type BarColumns, sliceBars } from '../market/bars.ts'
import { monthOf } from '../market/month-contents.ts'
import { allOf, barsSha256 } from '../market/snapshot-identity.ts'
import { sha256 } from '../sha256.ts'
import { engineVersion } from './definitions.ts'
import { rowsOf, type Slice } from './slices.ts'

/** By month, ascending, the hashes of the group's bars; and the actions of its symbols, in a snapshot's order. */
export type GroupContents = { months: ReadonlyMap<string, readonly string[]>; actions: readonly CorporateAction[] }

/** The key of each slice, in their order. */
export function sliceKeys(slices: readonly Slice[], contents: GroupContents): string[] {
  let key = ''
  let after = ''
  return slices.map(({ months }) => {
    const through = months.at(-1)!
    key = hashOf(['slice', engineVersion, key, months[0]!, contentBetween(contents, after, through)])
    after = through
    return key
  })
}

/** What shards of the same symbols are found by that begin with the same month, whatever they were computed from. */
export const placeOf = (firstMonth: string, symbols: readonly string[]): string => hashOf(['place', engineVersion, firstMonth, symbols])

/**
 * What a label reads after its slice: `through` is the month in which those rows end, null when some are not there yet and
 * any later row may be one, and `months` the hash of what the months up to it hold; `rows` is the hash of those rows alone.
 */
export type Ahead = { through: string | null; months: string; rows: string }

/** Of columns that read no row after their slice. */
export const nothingAhead: Ahead = { through: null, months: '', rows: '' }

/** The hash of what the months after a slice hold, up to one of them. */
export const monthsAhead = ({ months }: Slice, through: string | null, contents: GroupContents): string =>
  hashOf(['ahead', contentBetween(contents, months.at(-1)!, through ?? '9999-12')])

/** What the label of these symbols reads: up to `reach` rows of each after the slice. */
export function readAhead(
  slice: Slice,
  reach: number,
  { symbols, bars }: { symbols: readonly string[]; bars: ReadonlyMap<string, BarColumns> },
  contents: GroupContents,
): Ahead {
  const after = symbols.flatMap((symbol) => {
    const own = bars.get(symbol)
    if (own === undefined) return []
    const { to } = rowsOf(slice, own.sessions)
    return to === own.sessions.length ? [] : [sliceBars(own, to, to + reach)]
  })
  const all = after.length === symbols.length && after.every(({ sessions }) => sessions.length === reach)
  const through = all ? after.map(({ sessions }) => monthOf(sessions.at(-1)!)).reduce((a, b) => (a > b ? a : b)) : null
  const later = factorsOf(contents).filter(({ month }) => month > slice.months.at(-1)!)
  const actions = after.map(({ symbol, sessions }) =>
    later.filter((factor) => factor.symbol === symbol && factor.exDate <= sessions.at(-1)!).map(({ told }) => told),
  )
  return { through, months: monthsAhead(slice, through, contents), rows: hashOf(['rows', barsSha256(after.map(allOf)), actions]) }
}

/** Bars and factors' actions of the months after one and up to another. */
function contentBetween(contents: GroupContents, after: string, through: string): unknown[] {
  const months: [string, readonly string[]][] = []
  for (const each of contents.months) if (each[0] > after && each[0] <= through) months.push(each)
  const [afterIndex, throughIndex] = [indexOf(after), indexOf(through)]
  const told: unknown[][] = []
  for (const factor of factorsOf(contents)) if (factor.index > afterIndex && factor.index <= throughIndex) told.push(factor.told)
  return [months, told]
}

/** Months as numbers, which are compared faster; none comes before all. */
const indexOf = (month: string): number => (month === '' ? 0 : Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)))

/** An action that makes a factor; `told` is what is hashed of it. */
type Factor = { symbol: string; exDate: string; month: string; index: number; told: unknown[] }

/** Each slice of a group asks for them. */
const factors = new WeakMap<GroupContents, Factor[]>()

function factorsOf(contents: GroupContents): Factor[] {
  const known = factors.get(contents)
  if (known !== undefined) return known
  const found = contents.actions
    .filter(({ kind }) => kind === 'split' || kind === 'dividend')
    .map(({ symbol, exDate, kind, ratio, cash }) => ({
      symbol,
      exDate,
      month: monthOf(exDate),
      index: indexOf(exDate),
      told: [symbol, exDate, kind, ratio ?? null, cash ?? null],
    }))
  factors.set(contents, found)
  return found
}

const hashOf = (value: unknown): string => sha256(JSON.stringify(value))
