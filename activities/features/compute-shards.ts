import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { type ColumnList, type NewlyCached, rememberShards, renewAhead } from '#db/commands/remember-shards.ts'
import { type CachedShard, findCachedShards, findSeriesEnds } from '#db/queries/cached-shards.ts'
import { columnsHash, shardColumns } from '#domain/features/definitions.ts'
import { type Ahead, readAhead } from '#domain/features/slice-keys.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { groupBy } from '#domain/group-by.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionBits, sessionsOf } from '#domain/market/session-bits.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { type LaterBars, openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'
import { assembleShard, type NewShard } from './assemble-shard.ts'
import { computeSlices, firstMonthRead, type Lacking } from './compute-slices.ts'
import { GroupBars } from './group-bars.ts'
import { type Held, holdSlice, type WholeShard } from './held-shards.ts'
import { keepNewestRows, type NewestRow } from './newest-rows.ts'
import { type PlannedGroup, planGroup } from './plan-group.ts'
import { writeShard } from './shard-file.ts'
import type { ThreadPool } from './thread-pool.ts'

/** `groups` are the symbols that share shards; with `asOf`, what became known later is not seen. */
export type ShardsInput = {
  snapshot: ObjectRef
  asOf?: string | undefined
  groups: SymbolGroup[]
  featureSet: FeatureSet
  label: LabelDefinition
}

/** `digest` is a ShardsDigest; `asked` counts the distinct expressions of each shard, `cached` those found computed. */
export type ShardsResult = { shards: FeatureShard[]; digest: ObjectRef; asked: number; cached: number }

/** What the end of a build needs to know of shards without reading them. */
export type ShardsDigest = { sessions: string[]; newest: NewestRow[] }

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ThreadPool }

/** A shard that is in the store. */
type StoredShard = {
  shard: FeatureShard
  /** bits from its first session on */
  sessions: Uint8Array
  newest: NewestRow[]
  renewed: { key: string; ahead: Ahead }[]
  asked: number
  cached: number
}

const groupsAtATime = 2
const putsAtATime = 4

/**
 * The shards of groups of symbols, one for each slice of their sessions. A shard that is there already (same columns, same
 * content read, same engine) is named again and not even read; columns that another set's shard holds are copied from it;
 * only the others are computed, from no more bars than they read. While a group is computed the one before is stored and the
 * next is looked up and read; when this ends, however it ends, all that were begun have been stored.
 */
export async function computeShards(world: ShardWorld, input: ShardsInput, cancelled: AbortSignal): Promise<ShardsResult> {
  const { db, objects } = world
  const symbols = input.groups.flatMap((group) => group.symbols)
  const snapshot = await openSnapshotKnownAt(objects, input.snapshot, input.asOf, symbols)
  const columns = shardColumns(input.featureSet, input.label)
  const list = { hash: columnsHash(columns), columns }
  const groups = input.groups.map((group) => planGroup(snapshot, group))
  const keys = groups.flatMap(({ slices }) => slices.map(({ key }) => key))
  const found = groupBy(await findCachedShards(db, keys), ({ key }) => key)

  const asked = { ...list, found }
  const work = async function* () {
    for await (const group of ahead(groups, groupsAtATime, (planned) => holdGroup(world, snapshot, planned, asked)))
      yield await computeGroup(world, group, asked, cancelled)
  }
  const stored: StoredShard[] = []
  for await (const some of ahead(work(), groupsAtATime, (shards) => store(world, list, shards))) stored.push(...some)
  const digest: ShardsDigest = {
    sessions: sessionsOf(stored.map(({ shard, sessions }) => ({ firstSession: shard.firstSession, bits: sessions }))),
    newest: stored.flatMap(({ newest }) => newest).sort((a, b) => compareText(a.symbol, b.symbol)),
  }
  return {
    shards: stored.map(({ shard }) => shard),
    digest: await objects.put(new TextEncoder().encode(canonicalJson(digest)), 'json'),
    asked: stored.reduce((sum, { asked }) => sum + asked, 0),
    cached: stored.reduce((sum, { cached }) => sum + cached, 0),
  }
}

type Asked = ColumnList & { found: ReadonlyMap<string, readonly CachedShard[]> }

/** What of a group's slices is there, and the bars from which the rest is computed. */
type HeldGroup = { group: PlannedGroup; bars: GroupBars; held: Held[]; lacking: (Lacking & { index: number })[] }

async function holdGroup(
  world: ShardWorld,
  snapshot: SnapshotBars & LaterBars,
  group: PlannedGroup,
  { hash, columns, found }: Asked,
): Promise<HeldGroup> {
  const { contents, slices } = group
  const bars = new GroupBars(world.db, snapshot, group)
  const held: Held[] = []
  const lacking: HeldGroup['lacking'] = []
  // the newest slice first: it tells how far back bars will be read
  for (const [index, { slice, key, last }] of [...slices.entries()].reverse()) {
    const own = await holdSlice(world, { slice, last, contents, columns, hash }, found.get(key) ?? [], bars)
    held[index] = own
    const missing = 'whole' in own ? [] : columns.filter(({ text }) => !own.columns.has(text))
    if (missing.length === 0) continue
    lacking.unshift({ index, slice, missing })
    if (found.size > 0) bars.expect(firstMonthRead(lacking))
  }
  if (lacking.length > 0) await bars.from(firstMonthRead(lacking))
  return { group, bars, held, lacking }
}

/** The shards of a group in the order of time: those that are there, and those that are to be stored. */
async function computeGroup(
  world: ShardWorld,
  { group, bars, held, lacking }: HeldGroup,
  { columns }: Asked,
  cancelled: AbortSignal,
): Promise<(StoredShard | NewShard)[]> {
  const { contents, slices } = group
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
      shards.push({ ...named(own.whole), asked: distinct, cached: distinct })
      continue
    }
    const part = bySlice.get(index)
    const read = part === undefined ? undefined : await bars.after(planned.slice)
    const ahead = (symbols: readonly string[]) => readAhead(planned.slice, reach, { symbols, bars: read?.bars ?? new Map() }, contents)
    shards.push(...assembleShard(planned, columns, { held: own, computed: part, ends: part?.ends ?? known.get(planned.key) ?? {}, ahead }))
  }
  return shards
}

/** A shard that is there already. */
const named = ({ shard: { key, shard, sessions }, newest, renewed }: WholeShard) => ({
  shard,
  sessions,
  newest,
  renewed: renewed === undefined ? [] : [{ key, ahead: renewed }],
})

/** Puts what is new into the store, and says where it is. */
async function store({ db, objects }: ShardWorld, list: ColumnList, shards: readonly (StoredShard | NewShard)[]) {
  const fresh: NewlyCached[] = []
  const put = async (shard: StoredShard | NewShard): Promise<StoredShard> => {
    if ('shard' in shard) return shard
    const { key, rows, named, sessions, newest, last, asked, cached } = shard
    const stored: FeatureShard = {
      object: await objects.put(writeShard(rows, named), 'arrow'),
      rows: rows.reduce((count, each) => count + each.sessions.length, 0),
      symbols: rows.map(({ symbol }) => symbol),
      firstSession: sessions[0]!,
      lastSession: sessions.at(-1)!,
    }
    if (last.size > 0) keepNewestRows(stored.object, last, newest)
    const bits = sessionBits(sessions)
    fresh.push({ key, shard: stored, sessions: bits, ahead: shard.ahead, ends: shard.ends })
    return { shard: stored, sessions: bits, newest, renewed: [], asked, cached }
  }
  const stored: StoredShard[] = []
  for await (const each of ahead(shards, putsAtATime, put)) stored.push(each)
  const renewed = stored.flatMap((each) => each.renewed)
  await Promise.all([rememberShards(db, list, fresh), renewAhead(db, list.hash, renewed)])
  return stored
}
