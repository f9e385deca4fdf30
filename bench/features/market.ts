/**
 * A made-up market as Qlib would hold it: float32 columns on one calendar, from each symbol's listing on, a suspension
 * being a row of NaN. Most symbols are walks; of every ten one is suspended now and then, one stands still for stretches,
 * one has sessions without volume, and one was listed late.
 */
import { randomNumbers } from '#tests/support/bars.ts'

export const columnNames = ['open', 'high', 'low', 'close', 'vwap', 'volume'] as const

/** `listed` counts the calendar's sessions before the symbol's first. */
export type ListedSymbol = { symbol: string; listed: number; columns: Record<(typeof columnNames)[number], Float32Array> }

export function makeSymbol(index: number, sessions: number): ListedSymbol {
  const random = randomNumbers(1_000_003 + index)
  const character = index % 10
  const listed = character === 9 ? Math.floor(sessions * (index % 20 === 9 ? 0.5 : 0.99)) : 0
  const rows = sessions - listed
  const [open, high, low, close, vwap, volume] = columnNames.map(() => new Float32Array(rows)) as Columns
  let price = 5 + 200 * random()
  const usual = Math.log(10 ** (4 + 3 * random()))
  let shares = usual
  for (let row = 0; row < rows; row++) {
    const still = character === 7 && row % 200 < 70
    open[row] = still ? price : cents(price * (1 + 0.01 * (random() - 0.5)))
    close[row] = still ? price : cents(price * Math.exp(0.04 * (random() + random() - 1)))
    high[row] = still ? price : cents(Math.max(open[row]!, close[row]!) * (1 + 0.01 * random()))
    low[row] = still ? price : cents(Math.min(open[row]!, close[row]!) * (1 - 0.01 * random()))
    vwap[row] = (high[row]! + low[row]! + close[row]!) / 3
    shares += 0.05 * (usual - shares) + 0.6 * (random() - 0.5)
    volume[row] = character === 8 && random() < 0.1 ? 0 : Math.floor(100 + Math.exp(shares) * (0.5 + random()))
    price = close[row]!
    const suspended = character === 6 && (random() < 0.02 || row % 500 < 80)
    if (suspended) for (const column of [open, high, low, close, vwap, volume]) column[row] = NaN
  }
  return { symbol: `S${String(index).padStart(4, '0')}`, listed, columns: { open, high, low, close, vwap, volume } }
}

type Columns = [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]

const cents = (price: number) => Math.max(0.01, Math.round(price * 100) / 100)
