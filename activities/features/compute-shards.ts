import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { rememberColumns } from '#db/commands/remember-columns.ts'
import { columnKey, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { featureRowAt } from '#domain/features/feature-row.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'
import { findColumns } from './find-columns.ts'
import { type NamedColumn, type SymbolRows, writeShard } from './shard-file.ts'
import type { ThreadPool } from './thread-pool.ts'

/** `groups` are the symbols of each shard; with `asOf`, what became known later is not seen. */
export type ShardsInput = {
  snapshot: ObjectRef
  asOf?: string | undefined
  groups: string[][]
  featureSet: FeatureSet
  label: LabelDefinition
}

/** `digest` is a ShardsDigest; `asked` counts the distinct expressions of each shard, `cached` those found computed. */
export type ShardsResult = { shards: FeatureShard[]; digest: ObjectRef; asked: number; cached: number }

/** What the end of a build needs to know of shards without reading them. `values` are float32, little-endian, in base64. */
export type ShardsDigest = { sessions: string[]; newest: { symbol: string; session: string; values: string }[] }

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ThreadPool }

type Column = { name: string; text: string }

/**
 * Computes groups of symbols, each into a shard. Columns that some shard already holds (same expression, content read and
 * engine) are taken from it; only the others are computed, one symbol at a time, so that a pause is heeded soon. A shard
 * is stored while the next is computed; when this ends, however it ends, all that were begun have been stored.
 */
export async function computeShards(world: ShardWorld, input: ShardsInput, cancelled: AbortSignal): Promise<ShardsResult> {
  const { db, objects } = world
  const snapshot = await openSnapshotKnownAt(objects, input.snapshot, input.asOf, input.groups.flat())
  const columns = columnsOf(input)
  const asked = groupsIn(snapshot, input.groups).map((symbols) => askFor(snapshot, symbols, columns))
  const cached = await findColumns(
    db,
    objects,
    asked.flatMap(({ keys }) => [...keys.values()]),
  )
  const storing: Promise<FeatureShard>[] = []
  const digests: ShardsDigest[] = []
  try {
    for (const shard of asked) {
      const { rows, values } = await computeValues(world.pool, snapshot, shard, cached, cancelled)
      const named = columns.map(({ name, text }) => ({ name, values: values.get(text)! }))
      const features = named.slice(0, input.featureSet.features.length)
      const digest = digestOf(
        rows,
        features.map((column) => column.values),
      )
      digests.push(digest)
      storing.push(store(world, shard, columns, { rows, named, digest, cached }))
    }
  } finally {
    await Promise.allSettled(storing)
  }
  const digest: ShardsDigest = {
    sessions: [...new Set(digests.flatMap(({ sessions }) => sessions))].sort(compareText),
    newest: digests.flatMap(({ newest }) => newest),
  }
  const texts = asked.flatMap(({ keys }) => [...keys.values()])
  return {
    shards: await Promise.all(storing),
    digest: await objects.put(new TextEncoder().encode(canonicalJson(digest)), 'json'),
    asked: texts.length,
    cached: texts.filter((key) => cached.has(key)).length,
  }
}

/** What one shard is asked for: the key of each distinct expression's column. */
type AskedShard = { symbols: string[]; keys: Map<string, string> }

/** The groups without symbols that the snapshot does not hold, for none of their bars was known. */
function groupsIn({ manifest }: SnapshotBars, groups: readonly string[][]): string[][] {
  const held = new Set(manifest.symbols.map(({ symbol }) => symbol))
  return groups.map((symbols) => symbols.filter((symbol) => held.has(symbol))).filter((symbols) => symbols.length > 0)
}

function askFor(snapshot: SnapshotBars, symbols: readonly string[], columns: readonly Column[]): AskedShard {
  const ordered = [...symbols].sort(compareText)
  const contents = contentsOf(snapshot, ordered)
  return { symbols: ordered, keys: new Map(columns.map(({ text }) => [text, columnKey(text, contents)])) }
}

/** Every column of a shard by its expression, over the rows of its symbols. */
async function computeValues(
  pool: ThreadPool,
  snapshot: SnapshotBars,
  { symbols, keys }: AskedShard,
  cached: ReadonlyMap<string, Float32Array>,
  cancelled: AbortSignal,
): Promise<{ rows: SymbolRows[]; values: Map<string, Float32Array> }> {
  const missing = [...keys.keys()].filter((text) => !cached.has(keys.get(text)!))
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
    [...keys].map(([text, key]) => [text, cached.get(key) ?? joined(computed.map((symbol) => symbol[missing.indexOf(text)]!))]),
  )
  return { rows, values }
}

type Computed = {
  rows: readonly SymbolRows[]
  named: readonly NamedColumn[]
  digest: ShardsDigest
  cached: ReadonlyMap<string, Float32Array>
}

/** Puts a shard into the store, and says where its new columns are. */
async function store(
  { db, objects }: ShardWorld,
  { symbols, keys }: AskedShard,
  columns: readonly Column[],
  { rows, named, digest, cached }: Computed,
): Promise<FeatureShard> {
  const object = await objects.put(writeShard(rows, named), 'arrow')
  const fresh = [...keys].filter(([, key]) => !cached.has(key))
  await rememberColumns(
    db,
    fresh.map(([text, key]) => ({ key, object, column: columns.find((column) => column.text === text)!.name })),
  )
  return {
    object,
    rows: rows.reduce((count, { sessions }) => count + sessions.length, 0),
    symbols,
    firstSession: digest.sessions[0]!,
    lastSession: digest.sessions.at(-1)!,
  }
}

function columnsOf({ featureSet, label }: ShardsInput): Column[] {
  const { text, persistence } = readLabel(label)
  return [...readFeatures(featureSet.features), { name: 'label', text }, { name: 'persistence', text: persistence.text }]
}

function contentsOf({ manifest }: SnapshotBars, symbols: readonly string[]) {
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

function digestOf(rows: readonly SymbolRows[], features: readonly Float32Array[]): ShardsDigest {
  let end = 0
  const newest = rows.map(({ symbol, sessions }) => {
    end += sessions.length
    return { symbol, session: sessions.at(-1)!, values: Buffer.from(featureRowAt(features, end - 1)).toString('base64') }
  })
  return { sessions: [...new Set(rows.flatMap(({ sessions }) => sessions))].sort(compareText), newest }
}
