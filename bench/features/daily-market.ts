/** Made-up symbols as a dataset of daily bars on weekdays, with splits and quarterly dividends. */
import { compareActions, type CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { assumedKnownAt, dayOf, sessionOf } from '#domain/market/session-days.ts'
import { makeSymbol } from './market.ts'

export type Market = {
  calendar: string[]
  /** What had happened when so many sessions were over. */
  until(sessions: number): { bars: BarColumns[]; actions: CorporateAction[] }
}

/** One symbol in three pays each quarter, one in ten was split. */
export function dailyMarket(symbols: number, sessions: number): Market {
  const calendar = weekdays('2014-01-02', sessions)
  const all = Array.from({ length: symbols }, (_, index) => barsOf(index, calendar))
  const actions = all.flatMap((bars, index) => actionsOf(bars, index)).sort(compareActions)
  return {
    calendar,
    until(count) {
      const last = calendar[count - 1]!
      const bars = all.flatMap((own) => {
        const rows = own.sessions.findLastIndex((session) => session <= last) + 1
        return rows === 0 ? [] : [sliceBars(own, 0, rows)]
      })
      return { bars, actions: actions.filter(({ exDate }) => exDate <= last) }
    },
  }
}

function weekdays(first: string, count: number): string[] {
  const sessions: string[] = []
  // 1970-01-01 was a Thursday
  for (let day = dayOf(first)!; sessions.length < count; day++) if (![2, 3].includes(day % 7)) sessions.push(sessionOf(day))
  return sessions
}

/** A suspension has no bar. */
function barsOf(index: number, calendar: readonly string[]): BarColumns {
  const { symbol, listed, columns } = makeSymbol(index, calendar.length)
  const rows = [...columns.close.keys()].filter((row) => !Number.isNaN(columns.close[row]))
  const sessions = rows.map((row) => calendar[listed + row]!)
  const of = (name: 'open' | 'high' | 'low' | 'close' | 'volume') => Float64Array.from(rows, (row) => columns[name][row]!)
  return {
    symbol,
    sessions,
    open: of('open'),
    high: of('high'),
    low: of('low'),
    close: of('close'),
    volume: of('volume'),
    adjustedClose: undefined,
    knownAt: sessions.map(assumedKnownAt),
  }
}

function actionsOf({ symbol, sessions, close }: BarColumns, index: number): CorporateAction[] {
  const action = (row: number, what: Pick<CorporateAction, 'kind' | 'ratio' | 'cash'>): CorporateAction => ({
    symbol,
    exDate: sessions[row]!,
    knownAt: assumedKnownAt(sessions[row]!),
    basis: 'given',
    ...what,
  })
  const dividends = index % 3 === 0 ? [...sessions.keys()].filter((row) => row % 63 === 40) : []
  const splits = index % 10 === 4 ? [Math.floor(sessions.length / 2)] : []
  return [
    ...dividends.map((row) => action(row, { kind: 'dividend', cash: Math.max(0.01, Math.round(close[row - 1]! * 0.5) / 100) })),
    ...splits.map((row) => action(row, { kind: 'split', ratio: 2 })),
  ]
}
