/**
 * Which symbols belong on which sessions: spans with both ends included, as in Qlib's instruments files. A symbol may
 * leave and come back. The delisted count until their last session, and no longer, whatever their span says.
 */
import { DomainError } from '../domain-error.ts'
import { nearest } from '../expressions/nearest.ts'
import { compareText } from './actions.ts'

export type UniverseSpan = { symbol: string; from: string; to: string }
export type Universe = { name: string; spans: UniverseSpan[] }

/** The universe of that name. @throws DomainError not_found, with the near names and all there are */
export function universeNamed(universes: readonly Universe[], name: string, snapshot: string): Universe {
  const found = universes.find((universe) => universe.name === name)
  if (found !== undefined) return found
  const names = universes.map((universe) => universe.name)
  const near = nearest(name, names)
  const hint = near.length === 0 ? '.' : `: did you mean ${near.join(' or ')}?`
  const there =
    names.length === 0
      ? 'It has none: they come with a Qlib folder, or in a file of their own (quantloop data import FILE --universes FILE)'
      : `There are: ${names.join(', ')}`
  throw new DomainError('not_found', `the snapshot ${snapshot} has no universe ${name}${hint} ${there}`, { snapshot, universe: name })
}

/** One order for all, and equal spans once. @throws RangeError for a span that ends before it begins, or overlaps another */
export function orderUniverse({ name, spans }: Universe): Universe {
  const ordered = [...spans].sort((a, b) => compareText(a.symbol, b.symbol) || compareText(a.from, b.from) || compareText(a.to, b.to))
  const kept: UniverseSpan[] = []
  for (const span of ordered) {
    if (span.to < span.from)
      throw new RangeError(`${span.symbol} leaves the universe ${name} on ${span.to}, before it enters on ${span.from}`)
    const before = kept.at(-1)
    if (before?.symbol === span.symbol && before.from === span.from && before.to === span.to) continue
    if (before?.symbol === span.symbol && span.from <= before.to)
      throw new RangeError(
        `${span.symbol} is in the universe ${name} twice from ${span.from} to ${before.to < span.to ? before.to : span.to}`,
      )
    kept.push(span)
  }
  return { name, spans: kept }
}
