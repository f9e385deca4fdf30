import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cronFault } from '#domain/schedules/cron.ts'

describe('a cron expression', () => {
  test.each([
    '* * * * *',
    '30 18 * * mon-fri',
    '30 18 * * MON-FRI',
    '*/5 9-16 * * 1-5',
    '0 0 29 feb *',
    '0 0 31 jan,dec *',
    '0,30 6-22/2 1-7 * *',
    '5/15 0 * * 7',
    '  0   18  *  *  sun ',
  ])('%j is one', (expression) => expect(cronFault(expression)).toBeUndefined())

  test.each([
    ['', /five fields.*has 0/],
    ['0 18 * *', /five fields.*has 4/],
    ['0 18 * * * 2008', /five fields.*has 6/],
    ['@daily', /five fields/],
    ['60 18 * * *', /minute: "60" is not one of 0 to 59/],
    ['0 24 * * *', /hour: "24"/],
    ['0 0 0 * *', /day of month: "0"/],
    ['0 0 * 13 *', /month: "13".*jan, feb/],
    ['0 0 * * 8', /day of week: "8"/],
    ['0 0 * * monday', /day of week: "monday"/],
    ['-1 0 * * *', /minute: ""/],
    ['0 5-2 * * *', /hour: the range 5-2 ends before it begins/],
    ['0 1-2-3 * * *', /not a range/],
    ['*/0 * * * *', /a step is a whole number from 1 to 59/],
    ['*/ * * * *', /a step/],
    ['0,, * * * *', /not a value/],
    ['L * * * *', /minute: "L"/],
    ['0 0 1 * mon', /not both/],
    ['0 0 30 feb *', /no month that feb names has a day 30/],
    ['0 0 31 4,6,9,11 *', /no month/],
  ])('%j is none, and is told why', (expression, why) => expect(cronFault(expression)).toMatch(why))

  test('of any values within the bounds is one, and of any value outside is none', () => {
    const field = (from: number, to: number) =>
      fc
        .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to }), fc.integer({ min: 1, max: to }))
        .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`)
    fc.assert(
      fc.property(field(0, 59), field(0, 23), field(0, 7), (minute, hour, day) => {
        expect(cronFault(`${minute} ${hour} * * ${day}`)).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 99 }), (minute) => {
        expect(cronFault(`${minute} 0 * * *`)).toMatch(/minute/)
      }),
    )
  })

  test('of any text answers, and never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => ['string', 'undefined'].includes(typeof cronFault(text))))
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom(...'0123456789*/,-mon'.split('')) }), { minLength: 5, maxLength: 5 }),
        (parts) => ['string', 'undefined'].includes(typeof cronFault(parts.join(' '))),
      ),
    )
  })
})
