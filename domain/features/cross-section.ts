/** A cross-section over rows of many symbols: once a session, over the symbols that take part in it. */
import type { CrossSection } from '../expressions/operator.ts'
import { Workspace } from '../expressions/workspace.ts'

/** Rows that take part, in the order of their sessions, and within a session in their own; the sessions end before `ends`. */
export type SessionOrder = { rows: Int32Array; ends: Int32Array }

/** `days` are of rows by symbol, ascending, then session; `partakes` says 0 of a row that is left out. */
export function orderBySession(days: Int32Array, partakes?: Uint8Array): SessionOrder {
  const counts = new Map<number, number>()
  for (let row = 0; row < days.length; row++) if (partakes?.[row] !== 0) counts.set(days[row]!, (counts.get(days[row]!) ?? 0) + 1)
  const next = new Map<number, number>()
  const ends = new Int32Array(counts.size)
  let rows = 0
  for (const [index, day] of [...counts.keys()].sort((a, b) => a - b).entries()) {
    next.set(day, rows)
    ends[index] = rows += counts.get(day)!
  }
  const ordered = new Int32Array(rows)
  for (let row = 0; row < days.length; row++) {
    if (partakes?.[row] === 0) continue
    const at = next.get(days[row]!)!
    ordered[at] = row
    next.set(days[row]!, at + 1)
  }
  return { rows: ordered, ends }
}

/** One float32 value a row, NaN of those that take no part; equal values give equal bytes. */
export function computeCrossSection({ rows, ends }: SessionOrder, values: Float32Array, section: CrossSection): Float32Array {
  const workspace = new Workspace(values.length)
  const answers = workspace.lend()
  if (rows.length < values.length) answers.fill(Number.NaN)
  let from = 0
  for (const to of ends) {
    const own = new Float64Array(to - from)
    for (let at = from; at < to; at++) own[at - from] = values[rows[at]!]!
    const answered = section.across(own)
    for (let at = from; at < to; at++) answers[rows[at]!] = answered[at - from]!
    from = to
  }
  const out = new Float32Array(values.length)
  workspace.writeFloat32(answers, out)
  workspace.close()
  return out
}
