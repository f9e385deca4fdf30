import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assumedInstant, assumedKnownAt, dayOf, instantOf, instantText, sessionOf } from '#domain/market/session-days.ts'

const dayMs = 86_400_000

it('counts the days of all dates that there are', () => {
  for (let day = dayOf('1599-12-01')!; day < dayOf('2401-03-02')!; day++) {
    const session = new Date(day * dayMs).toISOString().slice(0, 10)
    if (dayOf(session) !== day || sessionOf(day) !== session)
      expect([session, dayOf(session), sessionOf(day)]).toEqual([session, day, session])
  }
  expect([dayOf('0000-01-01'), dayOf('9999-12-31')]).toEqual([-719_528, 2_932_896])
})

it.each(['2021-02-29', '1900-02-29', '2020-04-31', '2020-13-01', '2020-00-10', '2020-01-00', '2020-1-01', '2020/01/01', '２020-01-01', ''])(
  'knows no day %s',
  (text) => expect(dayOf(text)).toBeUndefined(),
)

it('knows no day in any other text', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9-]{10}$/), (text) => {
      const day = Date.parse(`${text}T00:00:00Z`) / dayMs
      const real = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(day) && new Date(day * dayMs).toISOString().startsWith(text)
      expect(dayOf(text)).toBe(real ? day : undefined)
    }),
  )
})

it('writes and reads instants, assumed or not', () => {
  fc.assert(
    fc.property(fc.integer({ min: -60_000, max: 120_000 }), fc.integer({ min: 0, max: dayMs - 1 }), (day, ms) => {
      const instant = day * dayMs + ms
      expect(instantText(instant)).toBe(new Date(instant).toISOString())
      expect(instantOf(instantText(instant), day)).toBe(instant)
      expect(assumedKnownAt(sessionOf(day))).toBe(new Date((day + 1) * dayMs).toISOString())
      expect(instantOf(assumedKnownAt(sessionOf(day)), day)).toBe(assumedInstant(day))
    }),
  )
})
