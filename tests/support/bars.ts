import type { BarColumns } from '#domain/market/bars.ts'
import { sessionOf } from '#domain/market/session-days.ts'

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A random walk with ranges and volumes, one bar a weekday from 2007-01-02, for tests of what does not need real prices. */
export function walkBars(symbol: string, rows: number, seed: number): BarColumns {
  const random = randomNumbers(seed)
  const column = () => new Float64Array(rows)
  const bars = { open: column(), high: column(), low: column(), close: column(), volume: column() }
  const sessions: string[] = []
  let price = 20 + 100 * random()
  for (let day = 13_515; sessions.length < rows; day++) {
    if ([2, 3].includes(day % 7)) continue
    const row = sessions.push(sessionOf(day)) - 1
    const open = cents(price * (1 + 0.01 * (random() - 0.5)))
    const close = cents(open * (1 + 0.04 * (random() - 0.5)))
    bars.open[row] = open
    bars.close[row] = close
    bars.high[row] = cents(Math.max(open, close) * (1 + 0.02 * random()))
    bars.low[row] = cents(Math.min(open, close) * (1 - 0.02 * random()))
    bars.volume[row] = Math.floor(1e5 + 1e6 * random())
    price = close
  }
  return { symbol, sessions, ...bars, adjustedClose: undefined, knownAt: sessions.map((session) => `${session}T21:00:00.000Z`) }
}

const cents = (price: number) => Math.round(price * 100) / 100
