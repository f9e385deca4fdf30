import { tableFromIPC } from 'apache-arrow'
import { featureRowAt } from '#domain/features/feature-row.ts'
import { dayOf } from '#domain/market/session-days.ts'
import { readColumns } from '../features/shard-file.ts'

/** The features of one symbol at one session as a build stored them, in the order of `names`. */
export function readShardRow(bytes: Uint8Array, names: readonly string[], symbol: string, session: string): Uint8Array | undefined {
  const columns = [...readColumns(bytes, names).values()]
  const table = tableFromIPC(bytes)
  const symbols = table.getChild('symbol')
  // the vector's own `get` makes milliseconds of a date32
  const days = table.getChild('session')?.data.flatMap(({ values, length }) => Array.from((values as Int32Array).subarray(0, length)))
  const day = dayOf(session)
  const row = days?.findIndex((each, at) => each === day && symbols?.get(at) === symbol) ?? -1
  return row < 0 ? undefined : featureRowAt(columns, row)
}
