import { tableFromIPC } from 'apache-arrow'
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureBuildManifest, FeatureShard } from '#contracts/features.ts'
import { dayOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readColumns } from '../features/shard-file.ts'
import { concatenateIntegers } from '#domain/concatenate.ts'

/** Rows of one shard. `features` holds one row after the other; sessions are days since 1970-01-01. */
export type TestRows = {
  symbols: string[]
  sessions: Int32Array
  labels: Float32Array
  persistence: Float32Array
  features: Float32Array
  count: number
}

/**
 * The rows of a build on these sessions (ascending) that every forecaster can answer for: the label and the persistence
 * forecast are known, and the features are what serving would accept. Shard by shard, so that memory holds one.
 */
export async function* readTestRows(
  objects: ObjectStore,
  manifest: FeatureBuildManifest,
  sessions: readonly string[],
  missing: 'accept' | 'refuse',
): AsyncGenerator<TestRows> {
  const days = new Set(sessions.map((session) => dayOf(session)!))
  const [first, last] = [sessions[0]!, sessions.at(-1)!]
  for (const shard of manifest.shards)
    if (shard.firstSession <= last && shard.lastSession >= first) yield await readShard(objects, manifest, shard, days, missing)
}

async function readShard(
  objects: ObjectStore,
  manifest: FeatureBuildManifest,
  shard: FeatureShard,
  days: ReadonlySet<number>,
  missing: 'accept' | 'refuse',
): Promise<TestRows> {
  const bytes = await objects.get(shard.object)
  const names = manifest.columns.map(({ name }) => name)
  const columns = readColumns(bytes, [...names, 'label', 'persistence'])
  const label = columns.get('label')!
  const persistence = columns.get('persistence')!
  const table = tableFromIPC(bytes)
  const symbols = table.getChild('symbol')
  const sessions = daysOf(table.getChild('session')?.data ?? [])
  if (symbols === null || sessions.length !== label.length)
    throw new QuantloopError(
      'object_corrupt',
      `the shard ${shard.object.uri} holds no symbol and session beside its ${label.length} labels`,
      { object: shard.object.uri },
    )
  const features = names.map((name) => columns.get(name)!)
  const usable = missing === 'accept' ? (value: number) => Math.abs(value) !== Infinity : Number.isFinite
  const rows: number[] = []
  for (let row = 0; row < label.length; row++)
    if (
      days.has(sessions[row]!) &&
      Number.isFinite(label[row]) &&
      Number.isFinite(persistence[row]) &&
      features.every((column) => usable(column[row]!))
    )
      rows.push(row)
  const matrix = new Float32Array(rows.length * names.length)
  features.forEach((column, feature) => rows.forEach((row, at) => (matrix[at * names.length + feature] = column[row]!)))
  return {
    symbols: rows.map((row) => String(symbols.get(row))),
    sessions: Int32Array.from(rows, (row) => sessions[row]!),
    labels: Float32Array.from(rows, (row) => label[row]!),
    persistence: Float32Array.from(rows, (row) => persistence[row]!),
    features: matrix,
    count: rows.length,
  }
}

/** Arrow's date32 as it is stored: the vector's own `get` would make milliseconds of it. */
const daysOf = (chunks: readonly { values: unknown; length: number }[]): Int32Array =>
  concatenateIntegers(chunks.flatMap(({ values, length }) => (values instanceof Int32Array ? [values.subarray(0, length)] : [])))
