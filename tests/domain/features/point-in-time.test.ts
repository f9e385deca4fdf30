import fc from 'fast-check'
import { expect, test } from 'vitest'
import { knownTimes, rowKnownBy, withMarket } from '#domain/features/point-in-time.ts'
import { sessionOf } from '#domain/market/session-days.ts'

const day = 86_400_000
const instant = (row: number, delay: number) => new Date((13_515 + row + delay) * day + 75_600_000).toISOString()

const history = fc.record({
  delays: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 40 }),
  lookback: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
  actions: fc.array(fc.record({ row: fc.nat(40), delay: fc.nat(30) }), { maxLength: 3 }),
  asked: fc.integer({ min: -5, max: 80 }),
})

test('a row is known once all is that it is made of, and the latest known one is answered', () => {
  fc.assert(
    fc.property(history, ({ delays, lookback, actions, asked }) => {
      const bars = { sessions: delays.map((_, row) => sessionOf(13_515 + row)), knownAt: delays.map((delay, row) => instant(row, delay)) }
      const given = actions.map(({ row, delay }) => ({ exDate: sessionOf(13_515 + row), knownAt: instant(row, delay) }))
      const time = Date.parse(instant(asked, 0))
      const known = knownTimes(bars, given, lookback)
      // by definition, for each row anew
      const isKnown = (row: number) =>
        bars.knownAt.every((text, read) => read > row || (lookback !== undefined && read <= row - lookback) || Date.parse(text) <= time) &&
        given.every(({ exDate, knownAt }) => exDate > bars.sessions[row]! || Date.parse(knownAt) <= time)
      const expected =
        delays
          .map((_, row) => row)
          .filter(isKnown)
          .at(-1) ?? -1
      expect(rowKnownBy(known, time)).toBe(expected)
      expect([...known].map((at) => at <= time)).toEqual(delays.map((_, row) => isKnown(row)))
    }),
  )
})

test('a row that reads other symbols waits for those of its sessions', () => {
  const sessions = [0, 1, 2, 3].map((row) => sessionOf(13_515 + row))
  const market = new Map(sessions.map((session, row) => [session, [1, 9, 3, 4][row]!]))
  const own = Float64Array.from([1, 2, 3, 8])
  expect([...withMarket(own, sessions, market, 1)]).toEqual([1, 9, 3, 8])
  expect([...withMarket(own, sessions, market, 2)]).toEqual([1, 9, 9, 8])
  expect([...withMarket(own, sessions, market, undefined)]).toEqual([1, 9, 9, 9])
})
