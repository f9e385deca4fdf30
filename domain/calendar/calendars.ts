import { ExchangeCalendar } from './exchange-calendar.ts'
import { xnysClosures } from './xnys-closures.ts'
import { xshgClosures } from './xshg-closures.ts'

/** The New York Stock Exchange, and with it Nasdaq, 1990 to 2035. */
export const xnys = new ExchangeCalendar('XNYS', xnysClosures)

/** The Shanghai Stock Exchange, 1991 to the last year whose holidays China has announced. */
export const xshg = new ExchangeCalendar('XSHG', xshgClosures)

/** The Shenzhen Stock Exchange: one notice a year announces the holidays of both. */
export const xshe = new ExchangeCalendar('XSHE', xshgClosures)

/** What never closes, 1990 to 2035; a session is a day of UTC. */
export const everyDay = new ExchangeCalendar('24/7', Object.fromEntries(Array.from({ length: 46 }, (_, i) => [1990 + i, ''])), 'every-day')

export const calendarNames = ['XNYS', 'XSHG', 'XSHE', '24/7'] as const
export type CalendarName = (typeof calendarNames)[number]

export function calendarOf(name: CalendarName): ExchangeCalendar {
  switch (name) {
    case 'XNYS':
      return xnys
    case 'XSHG':
      return xshg
    case 'XSHE':
      return xshe
    case '24/7':
      return everyDay
    default:
      return name satisfies never
  }
}
