import { randomNumbers } from '#tests/support/bars.ts'

export const columnNames = ['open', 'high', 'low', 'close', 'volume']

export type Columns = Record<string, Float64Array>

/** Finite, as bars are; with sessions without volume and stretches that stand still; with `gaps`, also rows without a bar. */
export function walk(rows: number, seed: number, gaps: boolean): Columns {
  const random = randomNumbers(seed)
  const out = Object.fromEntries(columnNames.map((name) => [name, new Float64Array(rows)])) as Columns
  let price = 50
  for (let row = 0; row < rows; row++) {
    const still = row % 97 < 12
    if (!still) price = Math.round(price * Math.exp(0.05 * (random() + random() - 1)) * 100) / 100
    out.open![row] = still ? price : price * (1 + 0.01 * (random() - 0.5))
    out.high![row] = still ? price : Math.max(out.open![row]!, price) * (1 + 0.01 * random())
    out.low![row] = still ? price : Math.min(out.open![row]!, price) * (1 - 0.01 * random())
    out.close![row] = price
    out.volume![row] = random() < 0.1 ? 0 : Math.floor(1e6 * random())
    if (gaps && row > 0 && (row % 211 < 20 || random() < 0.04)) for (const name of columnNames) out[name]![row] = NaN
  }
  return out
}

export const rowsOf = (columns: Columns, first: number, end: number): Columns =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.subarray(first, end)]))
