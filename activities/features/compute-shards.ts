import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { recordBuildProgress } from '#db/commands/record-build-progress.ts'
import { type ColumnList, type NewlyCached, rememberShards, renewAhead } from '#db/commands/remember-shards.ts'
import { type CachedShard, findCachedShards, findSeriesEnds } from '#db/queries/cached-shards.ts'
import { crossSectionOf } from '#domain/expressions/operators.ts'
import { parse } from '#domain/expressions/parse.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { buildStages } from '#domain/features/build-stages.ts'
import { columnsHash, type ShardColumn, shardColumns } from '#domain/features/definitions.ts'
import { mergeNonFinite, type NonFinite } from '#domain/features/non-finite.ts'
import { type Ahead, nothingAhead, placeOf, readAhead } from '#domain/features/slice-keys.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { groupBy } from '#domain/group-by.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionBits, sessionsOf } from '#domain/market/session-bits.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { calendarOfDataset, type LaterBars, openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'
import { assembleShard, type NewShard } from './assemble-shard.ts'
import { type BatchOfBuild, BuildProgress } from './build-progress.ts'
import { earlierShards, keepShard } from './earlier-shards.ts'
import { computeSlices, firstMonthRead, type Lacking } from './compute-slices.ts'
import { CrossedColumns, crossReadingOf } from './crossed-columns.ts'
import { GroupBars } from './group-bars.ts'
import { type Held, holdSlice, type WholeShard } from './held-shards.ts'
import { keepNewestRows, type NewestRow } from './newest-rows.ts'
import { type PlannedGroup, planGroup } from './plan-group.ts'
import { writeShard } from './shard-file.ts'
import { getStaged, putStaged } from './staged-columns.ts'
import type { ThreadPool } from './thread-pool.ts'

/**
 * `groups` are the symbols that share shards; with `asOf`, what became known later is not seen. `crossed` are the
 * cross-sections of earlier stages, as StagedColumns. How far the work is, is told as `progress`, if that is named.
 */
export type ShardsInput = {
  progress?: BatchOfBuild | undefined
  snapshot: ObjectRef
  asOf?: string | undefined
  groups: SymbolGroup[]
  featureSet: FeatureSet
  label: LabelDefinition
  crossed?: ObjectRef[]
}

/** `digest` is a ShardsDigest; `asked` counts the distinct expressions of each shard, `cached` those found computed. */
export type ShardsResult = { shards: FeatureShard[]; digest: ObjectRef; asked: number; cached: number }

/** What the end of a build needs to know of shards without reading them. */
export type ShardsDigest = { sessions: string[]; newest: NewestRow[]; nonFinite: NonFinite }

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ThreadPool }

/** A shard that is in the store. */
type StoredShard = {
  shard: FeatureShard
  /** bits from its first session on */
  sessions: Uint8Array
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
 * only the others are computed, from no more bars than they read. While a group is computed the one before is stored and the
 * next is looked up and read; when this ends, however it ends, all that were begun have been stored.
 */
export async function computeShards(world: ShardWorld, input: ShardsInput, cancelled: AbortSignal): Promise<ShardsResult> {
  const { objects } = world
  const stored = (await storedByGroup(world, input, shardColumns(input.featureSet, input.label), cancelled)).flat()
  const digest: ShardsDigest = {
    sessions: sessionsOf(stored.map(({ shard, sessions }) => ({ firstSession: shard.firstSession, bits: sessions }))),
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

/** Lists of operands of one stage, each as StagedColumns. */
export type OperandsResult = { lists: ObjectRef[]; asked: number; cached: number }

/** As `computeShards`, of the columns that the cross-sections of a stage are made of. */
export async function computeOperands(
  world: ShardWorld,
  input: ShardsInput & { stage: number },
  cancelled: AbortSignal,
): Promise<OperandsResult> {
  const result: OperandsResult = { lists: [], asked: 0, cached: 0 }
  for (const { operands } of buildStages(input.featureSet, input.label)[input.stage]!) {
    const stored = await storedByGroup(world, input, operands, cancelled)
    const groups = input.groups.map(({ group }, index) => ({ group, shards: stored[index]!.map(({ shard }) => shard) }))
    result.lists.push(await putStaged(world.objects, { columns: operands, groups }))
    for (const { asked, cached } of stored.flat()) {
      result.asked += asked
      result.cached += cached
    }
  }
  return result
}

/** By group the shards of some columns, in the order of time. */
async function storedByGroup(
  world: ShardWorld,
  input: ShardsInput,
  columns: readonly ShardColumn[],
  cancelled: AbortSignal,
): Promise<StoredShard[][]> {
  const { db, objects } = world
  const list = { hash: columnsHash(columns), columns }
  const symbols = input.groups.flatMap((group) => group.symbols)
  const snapshot = await openSnapshotKnownAt(objects, input.snapshot, input.asOf, symbols)
  const calendar = await calendarOfDataset(objects, snapshot.manifest)
  const reading = crossReadingOf(columns)
  const staged = reading.texts.size === 0 ? [] : await Promise.all((input.crossed ?? []).map((ref) => getStaged(objects, ref)))
  const groups = input.groups.map((group) => {
    const planned = planGroup(snapshot, group, calendar)
    if (reading.texts.size === 0) return { planned, crossing: undefined }
    const slices = planned.slices.map(({ slice }) => slice)
    const crossed = new CrossedColumns(world, staged, group.group, slices, reading)
    return { planned, crossing: { crossed, keys: crossed.keys(planned.slices.map(({ key }) => key)) } }
  })
  const keys = groups.flatMap(({ planned, crossing }) => [...planned.slices.map(({ key }) => key), ...(crossing?.keys ?? [])])
  const found = groupBy(await findCachedShards(db, keys), ({ key }) => key)

  const work = async function* () {
    const hold = ({ planned, crossing }: (typeof groups)[number]) => holdGroup(world, snapshot, planned, { ...list, found }, crossing)
    for await (const group of ahead(groups, groupsAtATime, hold)) yield await computeGroup(world, group, columns, cancelled)
  }
  const shards = groups.reduce((sum, { planned }) => sum + planned.slices.length, 0)
  const progress = new BuildProgress(async (done) => {
    if (input.progress !== undefined) await recordBuildProgress(db, { ...input.progress, shards, done })
  })
  const stored: StoredShard[][] = []
  try {
    for await (const some of ahead(work(), groupsAtATime, (shards) => store(world, list, shards, progress))) stored.push(some)
  } finally {
    await progress.settle()
  }
  return stored
}

/** `crossing` is there when columns read cross-sections; its keys name the shards that hold such columns. */
type Crossing = { crossed: CrossedColumns; keys: string[] }
type Asked = ColumnList & { found: ReadonlyMap<string, readonly CachedShard[]> }

/** What of a group's slices is there, and the bars from which the rest is computed. */
type HeldGroup = {
  group: PlannedGroup
  crossing: Crossing | undefined
  bars: GroupBars
  held: Held[]
  lacking: (Lacking & { index: number })[]
}

async function holdGroup(
  world: ShardWorld,
  snapshot: SnapshotBars & LaterBars,
  group: PlannedGroup,
  { hash, columns, found }: Asked,
  crossing: Crossing | undefined,
): Promise<HeldGroup> {
  const { contents, slices } = group
  const bars = new GroupBars(world.db, snapshot, group)
  const held: Held[] = []
  const lacking: HeldGroup['lacking'] = []
  // the newest slice first: it tells how far back bars will be read
  for (const [index, { slice, key, last }] of [...slices.entries()].reverse()) {
    const shards =
      crossing === undefined
        ? (found.get(key) ?? [])
        : [...(found.get(crossing.keys[index]!) ?? []), ...(found.get(key) ?? []).flatMap(withoutCrossed)]
    const own = await holdSlice(world, { slice, last, contents, columns, hash }, shards, bars)
    if (crossing !== undefined && !('whole' in own)) await crossing.crossed.addTo(own, columns, index)
    held[index] = own
    const missing = 'whole' in own ? [] : columns.filter(({ text }) => !own.columns.has(text))
    if (missing.length === 0) continue
    const earlier = crossing === undefined ? await earlierShards(world, slice, group.symbols, { hash, columns }) : []
    lacking.unshift({ index, slice, missing, earlier })
    if (found.size > 0) bars.expect(firstMonthRead(lacking))
  }
  if (lacking.length > 0) await bars.from(firstMonthRead(lacking))
  return { group, crossing, bars, held, lacking }
}

/** The shards of a group in the order of time: those that are there, and those that are to be stored. */
async function computeGroup(
  world: ShardWorld,
  { group, crossing, bars, held, lacking }: HeldGroup,
  columns: readonly ShardColumn[],
  cancelled: AbortSignal,
): Promise<(StoredShard | NewShard)[]> {
  const { contents, slices } = group
  const computed = await computeSlices(world.pool, group, bars, lacking, cancelled, crossing?.crossed)
  const bySlice = new Map(lacking.map(({ index }, at) => [index, computed[at]!]))
  const known = await findSeriesEnds(
    world.db,
    slices.flatMap(({ key }, index) => ('whole' in held[index]! || bySlice.has(index) ? [] : [key])),
  )
  const reach = Math.max(...columns.map((column) => column.ahead))
  // cross-sections are counted where they are computed
  const counted = new Set(columns.map(({ text }) => text).filter((text) => !isCrossSection(text)))
  const shards: (StoredShard | NewShard)[] = []
  for (const [index, planned] of slices.entries()) {
    const own = held[index]!
    if ('whole' in own) {
      shards.push({ ...named(own.whole), asked: counted.size, cached: counted.size })
      continue
    }
    const part = bySlice.get(index)
    const read = part === undefined || reach === 0 ? undefined : await bars.after(planned.slice)
    const ahead = (symbols: readonly string[]) =>
      reach === 0 ? nothingAhead : readAhead(planned.slice, reach, { symbols, bars: read?.bars ?? new Map() }, contents)
    const ends = part?.ends ?? known.get(planned.key) ?? {}
    const place = crossing === undefined ? placeOf(planned.slice.months[0]!, group.symbols) : null
    const keys = crossing === undefined ? [planned.key] : [crossing.keys[index]!, ...(counted.size > 0 ? [planned.key] : [])]
    shards.push(...assembleShard(planned, columns, { held: own, computed: part, ends, ahead, keys, place, counted }))
  }
  return shards
}

/** A shard that is there already. */
const named = ({ shard: { key, shard, sessions, nonFinite }, newest, renewed }: WholeShard) => ({
  shard,
  sessions,
  newest,
  nonFinite,
  renewed: renewed === undefined ? [] : [{ key, ahead: renewed }],
})

/** Lists of columns stand once for all shards that have them. */
const plainColumns = new WeakMap<readonly ShardColumn[], ShardColumn[]>()

/** What a group's own bars name are columns that read no other symbol. */
function withoutCrossed(shard: CachedShard): CachedShard[] {
  const columns = plainColumns.get(shard.columns) ?? shard.columns.filter(({ text }) => !readsOtherSymbols(parse(text)))
  plainColumns.set(shard.columns, columns)
  if (columns.length === 0) return []
  // named as a whole it is by the key of what it reads
  return [columns.length === shard.columns.length ? shard : { ...shard, columns, columnsHash: '' }]
}

/** Each group asks it of the same few hundred columns. */
const crossSections = new RecentlyUsed<boolean>(4096)

const isCrossSection = (text: string): boolean =>
  crossSections.of(text, () => {
    const expression = parse(text)
    return expression.kind === 'call' && crossSectionOf(expression) !== undefined
  })

/** Puts what is new into the store, and says where it is. */
async function store(
  { db, objects }: ShardWorld,
  list: ColumnList,
  shards: readonly (StoredShard | NewShard)[],
  progress: BuildProgress,
): Promise<StoredShard[]> {
  const fresh: NewlyCached[] = []
  const put = async (shard: StoredShard | NewShard): Promise<StoredShard> => {
    if ('shard' in shard) return shard
    const { keys, place, rows, named, sessions, newest, last, nonFinite, asked, cached } = shard
    const stored: FeatureShard = {
      object: await objects.put(writeShard(rows, named), 'arrow'),
      rows: rows.reduce((count, each) => count + each.sessions.length, 0),
      symbols: rows.map(({ symbol }) => symbol),
      firstSession: sessions[0]!,
      lastSession: sessions.at(-1)!,
    }
    if (last.size > 0) {
      keepNewestRows(stored.object, last, newest)
      keepShard(stored.object, { rows, named })
    }
    const bits = sessionBits(sessions)
    for (const key of keys) fresh.push({ key, shard: stored, sessions: bits, ahead: shard.ahead, ends: shard.ends, nonFinite, place })
    return { shard: stored, sessions: bits, newest, nonFinite, renewed: [], asked, cached }
  }
  const stored: StoredShard[] = []
  for await (const each of ahead(shards, putsAtATime, put)) {
    stored.push(each)
    progress.advance()
  }
  const renewed = stored.flatMap((each) => each.renewed)
  await Promise.all([rememberShards(db, list, fresh), renewAhead(db, list.hash, renewed)])
  return stored
}
