/**
 * Names of what shards are computed from. A column of a slice reads bars and actions of its group up to the slice's end, so
 * its key is the hash of all of them, chained from slice to slice; what is revised changes the keys from there on. A label
 * also reads some rows ahead: its key is that of the months in which those rows lie.
 *
 * Equal keys mean equal input. The engine is part of them, and so are the actions that make factors.
 */
import type { CorporateAction } from '../market/actions.ts'
import { monthOf } from '../market/month-contents.ts'
import { sha256 } from '../sha256.ts'
import { engineVersion } from './definitions.ts'
import type { Slice } from './slices.ts'

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

/** Where the rows that a slice's label reads ahead end; null when some are not there yet, and any later row may be one. */
export type Ahead = { through: string | null; sha256: string }

/** What a label reads after its slice, when the rows ahead lie in months up to `through`. */
export const aheadOf = ({ months }: Slice, through: string | null, contents: GroupContents): Ahead => ({
  through,
  sha256: hashOf(['ahead', contentBetween(contents, months.at(-1)!, through ?? '9999-12')]),
})

/** Bars and factors' actions of the months after one and up to another. */
function contentBetween({ months, actions }: GroupContents, after: string, through: string): unknown[] {
  const within = (month: string) => month > after && month <= through
  return [
    [...months].filter(([month]) => within(month)),
    actions
      .filter(({ kind, exDate }) => (kind === 'split' || kind === 'dividend') && within(monthOf(exDate)))
      .map(({ symbol, exDate, kind, ratio, cash }) => [symbol, exDate, kind, ratio ?? null, cash ?? null]),
  ]
}

const hashOf = (value: unknown): string => sha256(JSON.stringify(value))
