/**
 * Values of features that are no numbers, counted with the rows of a shard, so that a build is judged as a whole without
 * reading the shards that were there before. Missing values count after a feature's warm-up. Cost: linear in the cells.
 */
import { compareText } from '../market/actions.ts'

export type Occurrence = { rows: number; symbol: string; session: string }

/** By feature; `symbol` and `session` are the first of them, by session and then symbol. */
export type NonFinite = Record<string, { infinite?: Occurrence; missing?: Occurrence }>

/** `lookback` counts the rows that the first value needs, its own included. */
export type CountedColumn = { name: string; values: Float32Array; lookback: number }

/** The rows of one symbol in a shard; `earlier` are those that it has before. */
export type CountedRows = { symbol: string; sessions: readonly string[]; earlier: number }

/** `rows` ascend by symbol. Features of which every value is finite are left out. */
export function countNonFinite(rows: readonly CountedRows[], columns: readonly CountedColumn[]): NonFinite {
  const found: NonFinite = {}
  for (const { name, values, lookback } of columns) {
    const own: NonFinite[string] = {}
    let from = 0
    for (const { symbol, sessions, earlier } of rows) {
      for (let row = 0; row < sessions.length; row++) {
        const value = values[from + row]!
        // a number less itself is 0, anything else less itself NaN
        if (value - value === 0 || (Number.isNaN(value) && earlier + row + 1 < lookback)) continue
        const kind = Number.isNaN(value) ? 'missing' : 'infinite'
        const known = own[kind]
        if (known === undefined) own[kind] = { rows: 1, symbol, session: sessions[row]! }
        else {
          known.rows++
          if (sessions[row]! < known.session) Object.assign(known, { symbol, session: sessions[row]! })
        }
      }
      from += sessions.length
    }
    if (own.infinite !== undefined || own.missing !== undefined) found[name] = own
  }
  return found
}

export function mergeNonFinite(parts: readonly NonFinite[]): NonFinite {
  const merged: NonFinite = {}
  for (const part of parts)
    for (const [name, { infinite, missing }] of Object.entries(part)) {
      const own = (merged[name] ??= {})
      if (infinite !== undefined) own.infinite = joined(own.infinite, infinite)
      if (missing !== undefined) own.missing = joined(own.missing, missing)
    }
  return merged
}

/** Shares of a build's rows that may be so of each feature; without `missing` any number may. */
export type FeatureLimits = { infinite?: number | undefined; missing?: number | undefined }

/** Of a set that does not say: enough for a division that now and then meets a zero, and far below a broken formula. */
export const infiniteShareUnlessSaid = 0.01

export type Excess = Occurrence & { feature: string; kind: 'infinite' | 'missing'; share: number; limit: number }

/** The feature that is furthest above a limit, or undefined. */
export function excessOf(counted: NonFinite, rows: number, limits: FeatureLimits = {}): Excess | undefined {
  const limitOf = { infinite: limits.infinite ?? infiniteShareUnlessSaid, missing: limits.missing ?? 1 }
  const excesses = Object.entries(counted).flatMap(([feature, own]) =>
    (['infinite', 'missing'] as const).flatMap((kind): Excess[] => {
      const found = own[kind]
      if (found === undefined || found.rows / rows <= limitOf[kind]) return []
      return [{ ...found, feature, kind, share: found.rows / rows, limit: limitOf[kind] }]
    }),
  )
  return excesses.sort((a, b) => b.share - b.limit - (a.share - a.limit) || compareText(a.feature, b.feature))[0]
}

function joined(one: Occurrence | undefined, other: Occurrence): Occurrence {
  if (one === undefined) return other
  const first = compareText(one.session, other.session) || compareText(one.symbol, other.symbol)
  const { symbol, session } = first <= 0 ? one : other
  return { rows: one.rows + other.rows, symbol, session }
}
