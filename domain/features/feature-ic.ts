/**
 * How a feature goes with the label. Of a cross-sectional label, a group is one session and the coefficient is Qlib's
 * RankIC (see evaluation/information-coefficient.ts): Spearman's correlation across its symbols. Of a time-series label, a
 * group is one symbol in one year and the correlation is over its sessions, because across symbols a level label would
 * only be ranked by the symbols' levels. Rows in which either is missing or infinite are left out, and so are groups with
 * fewer than three pairs.
 */
import { mean, pearson, ranks } from '../evaluation/correlation.ts'

export type Group = { year: string; rows: Int32Array }

export type YearlyIc = { year: string; groups: number; mean: number; deviation: number | null }

export type FeatureIc = { groups: number; mean: number | null; deviation: number | null; years: YearlyIc[] }

const fewestPairs = 3

/** One a session, ascending. `years` and `sessions` have an entry a row. */
export function sessionGroups(sessions: Int32Array, yearOf: (session: number) => string): Group[] {
  const order = Int32Array.from(sessions, (_, row) => row).sort((a, b) => sessions[a]! - sessions[b]! || a - b)
  return cut(
    order,
    (row) => sessions[row]!,
    (row) => yearOf(sessions[row]!),
  )
}

/** One a symbol and year; rows come by symbol, then session. */
export function symbolYearGroups(symbols: Int32Array, sessions: Int32Array, yearOf: (session: number) => string): Group[] {
  const rows = Int32Array.from(sessions, (_, row) => row)
  return cut(
    rows,
    (row) => `${symbols[row]} ${yearOf(sessions[row]!)}`,
    (row) => yearOf(sessions[row]!),
  )
}

export function rankIcByYear(feature: Float32Array, label: Float32Array, groups: readonly Group[]): FeatureIc {
  const found = groups.flatMap(({ year, rows }) => {
    const value = rankCorrelationOn(feature, label, rows)
    return Number.isNaN(value) ? [] : [{ year, value }]
  })
  const years = [...new Set(found.map(({ year }) => year))].sort()
  return {
    ...summary(found.map(({ value }) => value)),
    years: years.map((year) => {
      const own = summary(found.filter((each) => each.year === year).map(({ value }) => value))
      return { year, groups: own.groups, mean: own.mean!, deviation: own.deviation }
    }),
  }
}

/** Spearman's correlation on some rows; NaN for fewer than three pairs, or when one side does not vary. */
export function rankCorrelationOn(x: Float32Array, y: Float32Array, rows: Int32Array): number {
  const left = new Float64Array(rows.length)
  const right = new Float64Array(rows.length)
  let pairs = 0
  for (const row of rows) {
    if (!Number.isFinite(x[row]) || !Number.isFinite(y[row])) continue
    left[pairs] = x[row]!
    right[pairs++] = y[row]!
  }
  return pairs < fewestPairs ? Number.NaN : pearson(ranks(left.subarray(0, pairs)), ranks(right.subarray(0, pairs)))
}

function summary(values: readonly number[]): Pick<FeatureIc, 'groups' | 'mean' | 'deviation'> {
  if (values.length === 0) return { groups: 0, mean: null, deviation: null }
  const centre = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  return { groups: values.length, mean: centre, deviation: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)) }
}

/** Neighbouring rows of one key. */
function cut(order: Int32Array, keyOf: (row: number) => unknown, yearOf: (row: number) => string): Group[] {
  const groups: Group[] = []
  for (let from = 0; from < order.length;) {
    const key = keyOf(order[from]!)
    let to = from + 1
    while (to < order.length && keyOf(order[to]!) === key) to++
    groups.push({ year: yearOf(order[from]!), rows: order.subarray(from, to) })
    from = to
  }
  return groups
}
