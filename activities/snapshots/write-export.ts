/**
 * Part of a snapshot, or all of it, as one file: a tar of a Qlib folder (see qlib-files.ts), or a table in the columns
 * that an import reads: symbol, session, open, high, low, close, volume, vwap where there is one, adjustedClose; knownAt
 * where it was observed, and the factor beside adjusted prices. Symbols are read one group of chunks at a time and written as they come, so that
 * memory does not grow with the snapshot. Numbers are written with as many digits as give the same number back.
 */
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { ExportInput } from '#contracts/snapshots.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { adjustBars, priceFactors } from '#domain/market/factors.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { BarFileWriter, type ExtraColumns } from './bar-file-writer.ts'
import { optionalColumnsOf } from './optional-columns.ts'
import type { SnapshotReader } from './open-snapshot.ts'
import { writeQlibTar } from './write-qlib-tar.ts'

export type Cut = Pick<ExportInput, 'format' | 'prices' | 'symbols' | 'from' | 'to'>
export type Written = { rows: number; symbols: number }

const columnsWith = ({ vwap }: ExtraColumns) =>
  vwap
    ? (['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const)
    : (['open', 'high', 'low', 'close', 'volume', 'adjustedClose'] as const)

/** @throws QuantloopError not_found when a symbol is not in the snapshot | object_missing | object_corrupt | unavailable */
export async function writeExport(
  objects: ObjectStore,
  reader: SnapshotReader,
  cut: Cut,
  path: string,
  cancelled: AbortSignal,
): Promise<Written> {
  const { manifest } = reader
  const written: Written = { rows: 0, symbols: 0 }
  const extra = {
    vwap: optionalColumnsOf(manifest).includes('vwap'),
    knownAt: manifest.knownAtBasis === 'observed',
    factor: cut.prices === 'adjusted',
  }
  const parts = async function* () {
    for (const symbol of cut.symbols ?? manifest.symbols.map((each) => each.symbol)) {
      cancelled.throwIfAborted()
      const part = partOf(await reader.bars(symbol), reader, cut)
      if (part.bars.sessions.length === 0) continue
      written.rows += part.bars.sessions.length
      written.symbols++
      yield part
    }
  }
  try {
    switch (cut.format) {
      case 'csv':
        await pipeline(csvOf(parts(), extra), createWriteStream(path))
        break
      case 'parquet': {
        const writer = await BarFileWriter.open(extra)
        try {
          for await (const { bars, factors } of parts()) writer.append(bars, factors)
          await writer.finish(path)
        } finally {
          await writer.close()
        }
        break
      }
      case 'qlib':
        await writeQlibTar(objects, reader, path, cancelled)
        return { rows: manifest.rows, symbols: manifest.symbols.length }
      default:
        cut.format satisfies never
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return written
}

/** What the file does not tell of the snapshot: empty when importing it gives the identical id. */
export function lacksOf({ manifest }: SnapshotReader, cut: Cut): string[] {
  const { symbols, firstSession, lastSession, actions, knownAtBasis, clearedJumps, beside } = manifest
  if (cut.format === 'qlib')
    return beside?.asFound === undefined
      ? ['raw prices, corporate actions and the vendor’s adjusted close: Qlib keeps adjusted float32']
      : []
  const whole = cut.symbols === undefined || symbols.every(({ symbol }) => cut.symbols!.includes(symbol))
  const cutAt = (cut.from ?? firstSession) > firstSession || (cut.to ?? lastSession) < lastSession
  return [
    ...(whole ? [] : ['symbols']),
    ...(cutAt ? ['sessions'] : []),
    ...(cut.prices === 'adjusted' ? ['raw prices'] : []),
    ...(actions.some(({ basis }) => basis === 'given') ? ['corporate actions that the source gave'] : []),
    ...(knownAtBasis === 'observed' ? ['when bars became known: an import assumes it'] : []),
    ...(clearedJumps.some(({ clearedBy }) => clearedBy === 'approval') ? ['approvals of price jumps: an import is held for them'] : []),
  ]
}

type Part = { bars: BarColumns; factors: Float64Array | undefined }

/** Factors count from a symbol's first bar, whatever is cut off. */
function partOf(all: BarColumns, reader: SnapshotReader, { prices, from, to }: Cut): Part {
  const actions = reader.actions(all.symbol)
  const bars = prices === 'adjusted' ? adjustBars(all, actions) : all
  const factors = prices === 'adjusted' ? priceFactors(all, actions) : undefined
  const first = from === undefined ? 0 : all.sessions.findIndex((session) => session >= from)
  const end = to === undefined ? all.sessions.length : all.sessions.findLastIndex((session) => session <= to) + 1
  const start = first === -1 ? end : Math.min(first, end)
  return { bars: sliceBars(bars, start, end), factors: factors?.subarray(start, end) }
}

async function* csvOf(parts: AsyncIterable<Part>, extra: ExtraColumns): AsyncGenerator<string> {
  const columns = columnsWith(extra)
  yield `symbol,session,${columns.join(',')}${extra.knownAt ? ',knownAt' : ''}${extra.factor ? ',factor' : ''}\n`
  for await (const { bars, factors } of parts) {
    const lines = bars.sessions.map((session, row) => {
      const values = columns.map((column) => textOf(bars[column]?.[row]))
      if (extra.knownAt) values.push(bars.knownAt[row]!)
      if (extra.factor) values.push(textOf(factors?.[row]))
      return `${bars.symbol},${session},${values.join(',')}\n`
    })
    yield lines.join('')
  }
}

const textOf = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? '' : String(value))
