import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { rememberColumns } from '#db/commands/remember-columns.ts'
import { columnKey, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { featureRowAt } from '#domain/features/feature-row.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { openSnapshot, type SnapshotReader } from '../snapshots.ts'
import { findColumns } from './find-columns.ts'
import { type SymbolRows, writeShard } from './shard-file.ts'
import type { ThreadPool } from './thread-pool.ts'

export type ShardInput = { snapshot: ObjectRef; symbols: string[]; featureSet: FeatureSet; label: LabelDefinition }

/** `digest` is a ShardDigest; `asked` counts the distinct expressions of the shard, `cached` those found computed. */
export type ShardResult = { shard: FeatureShard; digest: ObjectRef; asked: number; cached: number }

/** What the end of a build needs to know of a shard without reading it. `values` are float32, little-endian, in base64. */
export type ShardDigest = { sessions: string[]; newest: { symbol: string; session: string; values: string }[] }

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ThreadPool }

/**
 * Computes one group of symbols into a shard. Columns that some shard already holds (same expression, content read and
 * engine) are taken from it; only the others are computed, one symbol at a time, so that a pause is heeded soon.
 */
export async function computeShard({ db, objects, pool }: ShardWorld, input: ShardInput, cancelled: AbortSignal): Promise<ShardResult> {
  const snapshot = await openSnapshot(objects, input.snapshot)
  const symbols = [...input.symbols].sort(compareText)
  const columns = columnsOf(input)
  const texts = [...new Set(columns.map(({ text }) => text))]
  const contents = contentsOf(snapshot, symbols)
  const keys = new Map(texts.map((text) => [text, columnKey(text, contents)]))

  const cached = await findColumns(db, objects, [...keys.values()])
  const missing = texts.filter((text) => !cached.has(keys.get(text)!))
  const rows: SymbolRows[] = []
  const computed: Float32Array[][] = []
  for (const symbol of symbols) {
    cancelled.throwIfAborted()
    const bars = await snapshot.bars(symbol)
    rows.push({ symbol, sessions: bars.sessions })
    // a thread is sent what it reads, not a timestamp a row
    const task = { bars: { ...bars, adjustedClose: undefined, knownAt: [] }, actions: snapshot.actions(symbol), expressions: missing }
    computed.push(missing.length === 0 ? [] : await pool.compute(task))
  }

  const values = new Map(
    texts.map((text) => [text, cached.get(keys.get(text)!) ?? joined(computed.map((symbol) => symbol[missing.indexOf(text)]!))]),
  )
  const named = columns.map(({ name, text }) => ({ name, values: values.get(text)! }))
  const object = await objects.put(writeShard(rows, named), 'arrow')
  await rememberColumns(
    db,
    missing.map((text) => ({ key: keys.get(text)!, object, column: columns.find((column) => column.text === text)!.name })),
  )
  const digest = digestOf(
    rows,
    named.slice(0, input.featureSet.features.length).map((column) => column.values),
  )
  return {
    shard: {
      object,
      rows: rows.reduce((count, { sessions }) => count + sessions.length, 0),
      symbols,
      firstSession: digest.sessions[0]!,
      lastSession: digest.sessions.at(-1)!,
    },
    digest: await objects.put(new TextEncoder().encode(canonicalJson(digest)), 'json'),
    asked: texts.length,
    cached: texts.length - missing.length,
  }
}

function columnsOf({ featureSet, label }: ShardInput): { name: string; text: string }[] {
  const { text, persistence } = readLabel(label)
  return [...readFeatures(featureSet.features), { name: 'label', text }, { name: 'persistence', text: persistence.text }]
}

function contentsOf({ manifest }: SnapshotReader, symbols: readonly string[]) {
  const bySymbol = new Map(manifest.symbols.map(({ symbol, contentSha256 }) => [symbol, contentSha256]))
  return symbols.map((symbol) => ({ symbol, contentSha256: bySymbol.get(symbol)! }))
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function digestOf(rows: readonly SymbolRows[], features: readonly Float32Array[]): ShardDigest {
  let end = 0
  const newest = rows.map(({ symbol, sessions }) => {
    end += sessions.length
    return { symbol, session: sessions.at(-1)!, values: Buffer.from(featureRowAt(features, end - 1)).toString('base64') }
  })
  return { sessions: [...new Set(rows.flatMap(({ sessions }) => sessions))].sort(compareText), newest }
}
