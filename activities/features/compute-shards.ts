import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { recordBuildProgress } from '#db/commands/record-build-progress.ts'
import { type NewlyCached, rememberShards, renewAhead } from '#db/commands/remember-shards.ts'
import { type CachedShard, findCachedShards, findSeriesEnds } from '#db/queries/cached-shards.ts'
import { columnsHash, type ShardColumn, shardColumns } from '#domain/features/definitions.ts'
import { mergeNonFinite, type NonFinite } from '#domain/features/non-finite.ts'
import { type Ahead, readAhead } from '#domain/features/slice-keys.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { groupBy } from '#domain/group-by.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionBits } from '#domain/market/session-bits.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { calendarOfDataset, type LaterBars, openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'
import { assembleShard, type NewestRow, type NewShard, readWhole } from './assemble-shard.ts'
import { type BatchOfBuild, BuildProgress } from './build-progress.ts'
import { computeSlices, firstMonthRead, type Lacking } from './compute-slices.ts'
import { GroupBars } from './group-bars.ts'
import { type Held, holdSlice, type WholeShard } from './held-shards.ts'
import { type PlannedGroup, planGroup } from './plan-group.ts'
import { writeShard } from './shard-file.ts'
import type { ThreadPool } from './thread-pool.ts'

/**
 * `groups` are the symbols that share shards; with `asOf`, what became known later is not seen. How far the work is, is
 * told as `progress`, if that is named.
 */
export type ShardsInput = {
  progress?: BatchOfBuild | undefined
  snapshot: ObjectRef
  asOf?: string | undefined
  groups: SymbolGroup[]
  featureSet: FeatureSet
  label: LabelDefinition
}

/** `digest` is a ShardsDigest; `asked` counts the distinct expressions of each shard, `cached` those found computed. */
export type ShardsResult = { shards: FeatureShard[]; digest: ObjectRef; asked: number; cached: number }

/** What the end of a build needs to know of shards without reading them. */
export type ShardsDigest = { sessions: string[]; newest: NewestRow[]; nonFinite: NonFinite }

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ThreadPool }

/** A shard that is in the store. */
type StoredShard = {
  shard: FeatureShard
  sessions: readonly string[]
  newest: NewestRow[]
  nonFinite: NonFinite
  renewed: { key: string; ahead: Ahead }[]
  asked: number
  cached: number
}

const groupsAtATime = 2
const putsAtATime = 4

/**
 * The shards of groups of symbols, one for each slice of their sessions. A shard that is there already (same columns, same
 * content read, same engine) is named again and not even read; columns that another set's shard holds are copied from it;
 * only the others are computed, from no more bars than they read. A group is stored while the next is computed; when this
 * ends, however it ends, all that were begun have been stored.
 */
export async function computeShards(world: ShardWorld, input: ShardsInput, cancelled: AbortSignal): Promise<ShardsResult> {
  const { db, objects } = world
  const symbols = input.groups.flatMap((group) => group.symbols)
  const snapshot = await openSnapshotKnownAt(objects, input.snapshot, input.asOf, symbols)
  const columns = shardColumns(input.featureSet, input.label)
  const calendar = await calendarOfDataset(objects, snapshot.manifest)
  const groups = input.groups.map((group) => planGroup(snapshot, group, calendar))
  const keys = groups.flatMap(({ slices }) => slices.map(({ key }) => key))
  const found = groupBy(await findCachedShards(db, keys), ({ key }) => key)

  const progress = new BuildProgress(async (done) => {
    if (input.progress !== undefined) await recordBuildProgress(db, { ...input.progress, shards: keys.length, done })
  })
  const work = async function* () {
    for (const group of groups) yield await computeGroup(world, snapshot, group, { columns, found }, cancelled)
  }
  const stored: StoredShard[] = []
  try {
    for await (const some of ahead(work(), groupsAtATime, (shards) => store(world, columns, shards, progress))) stored.push(...some)
  } finally {
    await progress.settle()
  }
  const digest: ShardsDigest = {
    sessions: [...new Set(stored.flatMap(({ sessions }) => sessions))].sort(compareText),
    newest: stored.flatMap(({ newest }) => newest).sort((a, b) => compareText(a.symbol, b.symbol)),
    nonFinite: mergeNonFinite(stored.map(({ nonFinite }) => nonFinite)),
  }
  return {
    shards: stored.map(({ shard }) => shard),
    digest: await objects.put(new TextEncoder().encode(canonicalJson(digest)), 'json'),
    asked: stored.reduce((sum, { asked }) => sum + asked, 0),
    cached: stored.reduce((sum, { cached }) => sum + cached, 0),
  }
}

type Asked = { columns: readonly ShardColumn[]; found: ReadonlyMap<string, readonly CachedShard[]> }

/** The shards of a group in the order of time: those that are there, and those that are to be stored. */
async function computeGroup(
  world: ShardWorld,
  snapshot: SnapshotBars & LaterBars,
  group: PlannedGroup,
  { columns, found }: Asked,
  cancelled: AbortSignal,
): Promise<(StoredShard | NewShard)[]> {
  const { contents, slices } = group
  const bars = new GroupBars(world.db, snapshot, group)
  const held: Held[] = []
  const lacking: (Lacking & { index: number })[] = []
  // the newest slice first: it tells how far back bars will be read
  for (const [index, { slice, key, last }] of [...slices.entries()].reverse()) {
    const own = await holdSlice(world, { slice, contents, columns, read: last.size > 0 }, found.get(key) ?? [], bars)
    held[index] = own
    const missing = 'whole' in own ? [] : columns.filter(({ text }) => !own.columns.has(text))
    if (missing.length === 0) continue
    lacking.unshift({ index, slice, missing })
    if (found.size > 0) bars.expect(firstMonthRead(lacking))
  }
  const computed = await computeSlices(world.pool, group, bars, lacking, cancelled)
  const bySlice = new Map(lacking.map(({ index }, at) => [index, computed[at]!]))
  const known = await findSeriesEnds(
    world.db,
    slices.flatMap(({ key }, index) => ('whole' in held[index]! || bySlice.has(index) ? [] : [key])),
  )
  const reach = Math.max(...columns.map((column) => column.ahead))
  const distinct = new Set(columns.map(({ text }) => text)).size
  const shards: (StoredShard | NewShard)[] = []
  for (const [index, planned] of slices.entries()) {
    const own = held[index]!
    if ('whole' in own) {
      shards.push({ ...readWhole(own.whole, planned.last, columns), renewed: renewedOf(own.whole), asked: distinct, cached: distinct })
      continue
    }
    const part = bySlice.get(index)
    const read = part === undefined ? undefined : await bars.after(planned.slice)
    const ahead = (symbols: readonly string[]) => readAhead(planned.slice, reach, { symbols, bars: read?.bars ?? new Map() }, contents)
    shards.push(...assembleShard(planned, columns, { held: own, computed: part, ends: part?.ends ?? known.get(planned.key) ?? {}, ahead }))
  }
  return shards
}

const renewedOf = ({ shard: { key }, renewed }: WholeShard) => (renewed === undefined ? [] : [{ key, ahead: renewed }])

/** Puts what is new into the store, and says where it is. */
async function store(
  { db, objects }: ShardWorld,
  columns: readonly ShardColumn[],
  shards: readonly (StoredShard | NewShard)[],
  progress: BuildProgress,
) {
  const fresh: NewlyCached[] = []
  const put = async (shard: StoredShard | NewShard): Promise<StoredShard> => {
    if ('shard' in shard) return shard
    const { key, rows, named, sessions, newest, nonFinite, asked, cached } = shard
    const stored: FeatureShard = {
      object: await objects.put(writeShard(rows, named), 'arrow'),
      rows: rows.reduce((count, each) => count + each.sessions.length, 0),
      symbols: rows.map(({ symbol }) => symbol),
      firstSession: sessions[0]!,
      lastSession: sessions.at(-1)!,
    }
    fresh.push({ key, shard: stored, sessions: sessionBits(sessions), ahead: shard.ahead, ends: shard.ends, nonFinite })
    return { shard: stored, sessions, newest, nonFinite, renewed: [], asked, cached }
  }
  const stored: StoredShard[] = []
  for await (const each of ahead(shards, putsAtATime, put)) {
    stored.push(each)
    progress.advance()
  }
  const hash = columnsHash(columns)
  await rememberShards(db, { hash, columns }, fresh)
  await renewAhead(
    db,
    hash,
    stored.flatMap(({ renewed }) => renewed),
  )
  return stored
}
