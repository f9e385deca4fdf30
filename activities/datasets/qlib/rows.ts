import type { BarRow } from '#domain/market/parse-row.ts'
import { columnFields, vwapField } from '#domain/qlib/files.ts'
import type { Instrument, QlibFolder } from './folder.ts'

/** A session of an instrument on which at least one price is there. */
export type QlibRow = { raw: string; row: BarRow | { reason: string } }

/**
 * The bars of one instrument. A session without any price is a gap, as Qlib has it for a suspended share. Where the folder
 * has a factor its prices are adjusted ones, and so the vendor's adjusted series besides.
 */
export async function rowsOf(folder: QlibFolder, instrument: Instrument): Promise<QlibRow[]> {
  const columns = await folder.columns(instrument)
  const bins = columnFields.map((field) => columns[field])
  const first = Math.min(...bins.map(({ start }) => start))
  const end = Math.max(...bins.map(({ start, values }) => start + values.length))
  const rows: QlibRow[] = []
  for (let index = first; index < end; index++) {
    const [open, high, low, close, volume] = bins.map(({ start, values }) => values[index - start] ?? Number.NaN) as [
      number,
      number,
      number,
      number,
      number,
    ]
    if ([open, high, low, close].every(Number.isNaN)) continue
    const session = folder.calendar[index]!
    const vwap = columns.vwap === undefined ? Number.NaN : (columns.vwap.values[index - columns.vwap.start] ?? Number.NaN)
    const values = { open, high, low, close, volume }
    const broken = columnFields.find((field) => !Number.isFinite(values[field])) ?? (Math.abs(vwap) === Infinity ? vwapField : undefined)
    rows.push({
      raw: [instrument.name, session, open, high, low, close, volume].join(),
      row:
        broken === undefined
          ? {
              symbol: instrument.symbol,
              session,
              ...values,
              volume: volume === 0 ? 0 : volume,
              ...(columns.vwap === undefined ? {} : { vwap }),
              adjustedClose: instrument.adjusted ? close : Number.NaN,
            }
          : { reason: `${broken} of ${instrument.name} on ${session} is ${broken === vwapField ? vwap : values[broken]}` },
    })
  }
  return rows
}
