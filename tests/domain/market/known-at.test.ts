import fc from 'fast-check'
import { expect, it } from 'vitest'
import { computeFeatures } from '#domain/features/compute-features.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { actionsKnownAt, barsKnownAt } from '#domain/market/known-at.ts'
import { walkBars } from '#tests/support/bars.ts'
import { barsOf } from './walk.ts'
import '#tests/support/property-seed.ts'

const rows = 70
const walk = walkBars('TEST', rows, 5)
const instant = '2007-03-01T00:00:00.000Z'
const late = fc.integer({ min: 1, max: 400 }).map((days) => new Date(Date.parse(instant) + days * 86_400_000).toISOString())
const early = fc.integer({ min: 0, max: 60 }).map((days) => new Date(Date.parse(instant) - days * 86_400_000).toISOString())

/** Each bar known before or after the instant, whatever its session. */
const knowledge = fc.array(fc.tuple(fc.boolean(), early, late), { minLength: rows, maxLength: rows })

const splits = (knownAt: fc.Arbitrary<string>) =>
  fc.array(
    fc
      .record({ row: fc.integer({ min: 1, max: rows - 1 }), ratio: fc.constantFrom(0.5, 2, 3), knownAt })
      .map(({ row, ratio, knownAt }): CorporateAction => ({
        symbol: 'TEST',
        exDate: walk.sessions[row]!,
        kind: 'split',
        ratio,
        knownAt,
        basis: 'given',
      })),
    { maxLength: 3 },
  )

/** Other values for what became known late, and some of it gone. */
function rewritten(bars: BarColumns, by: number, gone: number): BarColumns {
  const isLate = (row: number) => bars.knownAt[row]! > instant
  const keep = (row: number) => !isLate(row) || row % gone !== 0
  const of = (column: Float64Array) => column.map((value, row) => (isLate(row) ? value * by : value)).filter((_, row) => keep(row))
  return {
    ...bars,
    sessions: bars.sessions.filter((_, row) => keep(row)),
    knownAt: bars.knownAt.filter((_, row) => keep(row)),
    open: of(bars.open),
    high: of(bars.high),
    low: of(bars.low),
    close: of(bars.close),
    volume: of(bars.volume),
  }
}

it('what became known later changes nothing of what was known: no bar, no action, no feature', () => {
  fc.assert(
    fc.property(
      knowledge,
      splits(early),
      splits(late),
      fc.double({ min: 0.5, max: 2, noNaN: true }),
      fc.integer({ min: 2, max: 5 }),
      (known, before, after, by, gone) => {
        const bars = { ...walk, knownAt: known.map(([isEarly, then, later]) => (isEarly ? then : later)) }
        const seen = (all: BarColumns, actions: CorporateAction[]) =>
          computeFeatures(technical, barsKnownAt(all, instant), actionsKnownAt(actions, instant))
        expect(seen(rewritten(bars, by, gone), [...after, ...before])).toEqual(seen(bars, before))
      },
    ),
    { numRuns: 60 },
  )
})

it('a bar is known at its own instant, and not a millisecond before', () => {
  const bars = barsOf([1, 2, 3])
  const at = bars.knownAt[1]!
  expect(barsKnownAt(bars, at).sessions).toEqual(bars.sessions.slice(0, 2))
  expect(barsKnownAt(bars, new Date(Date.parse(at) - 1).toISOString()).sessions).toEqual(bars.sessions.slice(0, 1))
  expect(barsKnownAt(bars, bars.knownAt[2]!)).toBe(bars)
})

it('an instant is the same in every zone that it is written in', () => {
  const action: CorporateAction = {
    symbol: 'TEST',
    exDate: '2020-01-02',
    kind: 'split',
    ratio: 2,
    knownAt: '2020-01-02T10:00:00+02:00',
    basis: 'given',
  }
  expect(actionsKnownAt([action], '2020-01-02T08:00:00.000Z')).toEqual([action])
  expect(actionsKnownAt([action], '2020-01-02T07:59:59.999Z')).toEqual([])
})
