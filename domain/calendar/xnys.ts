import { ExchangeCalendar } from './exchange-calendar.ts'
import { xnysClosures } from './xnys-closures.ts'

/** The New York Stock Exchange, and with it Nasdaq, 1990 to 2035. */
export const xnys = new ExchangeCalendar('XNYS', xnysClosures)
