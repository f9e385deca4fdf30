import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sessionOf } from '#domain/market/session-days.ts'
import { randomNumbers } from '#tests/support/bars.ts'

/** `revised` gives the last close but one of the first symbol another value. */
export type BarFile = { symbols: number; sessions: number; revised?: boolean }

/** Walks of prices in cents, sorted by symbol and session, as CSV; a longer file begins with the shorter one's bars. */
export const writeBarFile = (path: string, file: BarFile): Promise<void> => pipeline(Readable.from(textOf(file)), createWriteStream(path))

function* textOf({ symbols, sessions, revised = false }: BarFile): Generator<string> {
  const days = weekdays(sessions)
  yield 'symbol,date,open,high,low,close,volume\n'
  for (let symbol = 0; symbol < symbols; symbol++) {
    const random = randomNumbers(symbol)
    const lines: string[] = []
    let price = 20 + 100 * random()
    for (let row = 0; row < sessions; row++) {
      const open = cents(price * (1 + 0.01 * (random() - 0.5)))
      const close = Math.max(1, cents(open * (1 + 0.04 * (random() - 0.5))))
      const high = cents(Math.max(open, close) * (1 + 0.01 * random()) + 0.01)
      const low = cents(Math.min(open, close) * (1 - 0.01 * random()))
      const volume = Math.floor(1e5 + 1e6 * random())
      const told = revised && symbol === 0 && row === sessions - 2 ? cents((high + low) / 2) : close
      lines.push(`S${String(symbol).padStart(4, '0')},${days[row]},${open},${high},${low},${told},${volume}\n`)
      price = close
    }
    yield lines.join('')
  }
}

function weekdays(count: number): string[] {
  const days: string[] = []
  for (let day = 10_957; days.length < count; day++) if (![2, 3].includes(day % 7)) days.push(sessionOf(day))
  return days
}

const cents = (price: number) => Math.round(price * 100) / 100
