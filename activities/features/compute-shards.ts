import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { recordBuildProgress } from '#db/commands/record-build-progress.ts'
import { type ColumnList, type NewlyCached, rememberShards, renewAhead } from '#db/commands/remember-shards.ts'
import { type CachedShard, type EarlierCached, findEarlierShards } from '#db/queries/cached-shards.ts'
import { crossSectionOf } from '#domain/expressions/operators.ts'
import { parse } from '#domain/expressions/parse.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { buildStages } from '#domain/features/build-stages.ts'
import { columnsHash, type ShardColumn, shardColumns } from '#domain/features/definitions.ts'
import { mergeNonFinite, type NonFinite } from '#domain/features/non-finite.ts'
import { type Ahead, nothingAhead, placeOf, readAhead } from '#domain/features/slice-keys.ts'
import { encodeStates } from '#domain/features/slice-states.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { groupBy } from '#domain/group-by.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionBits, sessionsOf } from '#domain/market/session-bits.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { ahead } from '../ahead.ts'
import { calendarOfDataset, type LaterBars, openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'
import { assembleShard, type NewShard } from './assemble-shard.ts'
import { type BatchOfBuild, BuildProgress } from './build-progress.ts'
import { earlierShards, keepShard, type Lacking, placesOf } from './earlier-shards.ts'
import { computeSlices, firstMonthRead, type SliceSources } from './compute-slices.ts'
import { CrossedColumns, type CrossReading, crossReadingOf } from './crossed-columns.ts'
import { GroupBars } from './group-bars.ts'
import { type Held, holdSlice, type WholeShard } from './held-shards.ts'
import { MemberShards } from './member-shards.ts'
import { findKnownEnds, keepSeriesEnds } from './known-ends.ts'
import { findKnownShards } from './known-shards.ts'
import { keepNewestRows, type NewestRow } from './newest-rows.ts'
import { openMembership } from './open-membership.ts'
import { type PlannedGroup, planGroup } from './plan-group.ts'
import { writeShard } from './shard-file.ts'
import { StoredStates } from './stored-states.ts'
import { getStaged, putStaged, type StagedColumns } from './staged-columns.ts'
import type { ColumnComputer } from './thread-pool.ts'

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

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ColumnComputer }

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
  passing?: true | undefined
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
  const stored = (
    await storedByGroup(world, input, shardColumns(input.featureSet, input.label), cancelled, input.featureSet.universe)
  ).flat()
  const digest: ShardsDigest = {
    sessions: sessionsOf(stored.map(({ shard, sessions }) => ({ firstSession: shard.firstSession, bits: sessions }))),
    newest: stored.flatMap(({ newest }) => newest).sort((a, b) => compareText(a.symbol, b.symbol)),
    nonFinite: mergeNonFinite(stored.map(({ nonFinite }) => nonFinite)),
  }
  return {
    shards: stored.map(({ shard }) => shard),
    digest: await putJson(objects, digest),
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

/** By group the shards of some columns, in the order of time: of all rows, or with a universe of its members'. */
async function storedByGroup(
  world: ShardWorld,
  input: ShardsInput,
  columns: readonly ShardColumn[],
  cancelled: AbortSignal,
  universe?: string,
): Promise<StoredShard[][]> {
  const { db, objects } = world
  const list = { hash: columnsHash(columns), columns }
  const symbols = input.groups.flatMap((group) => group.symbols)
  const snapshot = await openSnapshotKnownAt(objects, input.snapshot, input.asOf, symbols)
  const calendar = await calendarOfDataset(objects, snapshot.manifest)
  const membership = await openMembership(objects, snapshot, universe)
  const reading = crossReadingOf(columns)
  const staged = reading.texts.size === 0 ? [] : await Promise.all((input.crossed ?? []).map((ref) => getStaged(objects, ref)))
  const groups = input.groups.map((group) => {
    const planned = planGroup(snapshot, group, calendar)
    const own = planned.slices.map(({ key }) => key)
    const crossing = reading.texts.size === 0 ? undefined : crossingOf(world, staged, group, planned, reading)
    const members = membership && new MemberShards(world, membership, list, planned, crossing?.keys ?? own)
    return { planned, crossing, members, keys: [...own, ...(crossing?.keys ?? []), ...(members?.keys ?? [])] }
  })
  const keys = groups.flatMap((group) => group.keys.filter((key) => key !== undefined))
  const found = groupBy(await findKnownShards(db, keys), ({ key }) => key)
  const places = groups.flatMap(({ planned, crossing }) => (crossing === undefined ? placesLacking(planned, { ...list, found }) : []))
  const atPlaces = new Map((await findEarlierShards(db, places, list.hash)).map((each) => [each.place, each]))

  const work = async function* () {
    const hold = (group: (typeof groups)[number]) => holdGroup(world, snapshot, group, { ...list, found, atPlaces })
    for await (const group of ahead(groups, groupsAtATime, hold)) yield await computeGroup(world, group, columns, cancelled)
  }
  const shards = groups.reduce((sum, { planned, members }) => sum + planned.slices.filter((_, at) => !members?.isEmpty(at)).length, 0)
  const progress = new BuildProgress(async (done) => {
    if (input.progress !== undefined) await recordBuildProgress(db, { ...input.progress, shards, done })
  })
  const stored: StoredShard[][] = []
  try {
    for await (const some of ahead(work(), groupsAtATime, (shards) => store(world, list, shards, progress))) stored.push(some)
  } finally {
    await progress.settle()
  }
  return membership === undefined ? stored : await Promise.all(stored.map((own, index) => withNewest(groups[index]!.members!, own)))
}

/** The newest rows of members stand with the last of their group's shards. */
async function withNewest(members: MemberShards, stored: readonly StoredShard[]): Promise<StoredShard[]> {
  const newest = await members.newest(stored.map(({ shard }) => shard))
  return stored.map((each, index) => ({ ...each, newest: index === stored.length - 1 ? newest : [] }))
}

/** `crossing` is there when columns read cross-sections; its keys name the shards that hold such columns. */
type Crossing = { crossed: CrossedColumns; keys: string[] }

function crossingOf(
  world: ShardWorld,
  staged: readonly StagedColumns[],
  { group }: SymbolGroup,
  { slices }: PlannedGroup,
  reading: CrossReading,
) {
  const crossed = new CrossedColumns(
    world,
    staged,
    group,
    slices.map(({ slice }) => slice),
    reading,
  )
  return { crossed, keys: crossed.keys(slices.map(({ key }) => key)) }
}

/** By key the shards that are there, and by place the newest of those columns where a slice lacks some. */
type Asked = ColumnList & { found: ReadonlyMap<string, readonly CachedShard[]>; atPlaces: ReadonlyMap<string, EarlierCached> }

const placesLacking = ({ slices, symbols }: PlannedGroup, { hash, found }: Pick<Asked, 'hash' | 'found'>): string[] =>
  slices.flatMap(({ slice, key }) => (found.get(key)?.some(({ columnsHash }) => columnsHash === hash) ? [] : placesOf(slice, symbols)))

/** `members` are there in a build with a universe. */
type PlannedWork = { planned: PlannedGroup; crossing: Crossing | undefined; members: MemberShards | undefined }

/** What of a group's slices is there, and the bars from which the rest is computed. */
type HeldGroup = PlannedWork & {
  sources: SliceSources
  /** nothing of a slice in which nobody is a member */
  held: (Held | undefined)[]
  lacking: (Lacking & { index: number })[]
}

async function holdGroup(
  world: ShardWorld,
  snapshot: SnapshotBars & LaterBars,
  { planned, crossing, members }: PlannedWork,
  { hash, columns, found, atPlaces }: Asked,
): Promise<HeldGroup> {
  const { contents, slices } = planned
  const bars = new GroupBars(world.db, snapshot, planned, members?.keys)
  const states = new StoredStates(world.db, planned, crossing?.keys, members?.keys)
  const held: HeldGroup['held'] = []
  const lacking: HeldGroup['lacking'] = []
  // the newest slice first: it tells how far back bars will be read
  for (const [index, { slice, key, last }] of [...slices.entries()].reverse()) {
    if (members?.isEmpty(index)) continue
    const cut = await members?.hold(index, found, bars)
    if (cut !== undefined) {
      held[index] = { whole: cut }
      continue
    }
    const shards =
      crossing === undefined
        ? (found.get(key) ?? [])
        : [...(found.get(crossing.keys[index]!) ?? []), ...(found.get(key) ?? []).flatMap(withoutCrossed)]
    const own = await holdSlice(world, { slice, last, contents, columns, hash }, shards, bars)
    if (crossing !== undefined && !('whole' in own)) await crossing.crossed.addTo(own, columns, index)
    held[index] = own
    const missing = missingOf(columns, own)
    if (missing.length === 0) continue
    const earlier = crossing === undefined ? await earlierShards(world, placesOf(slice, planned.symbols), columns, atPlaces) : []
    lacking.unshift({ index, slice, missing, earlier })
    if (found.size > 0) bars.expect(firstMonthRead(lacking, planned))
  }
  if (lacking.length > 0) await bars.from(firstMonthRead(lacking, planned))
  return { planned, crossing, members, sources: { bars, states, crossed: crossing?.crossed }, held, lacking }
}

/** The shards of a group in the order of time: those that are there, and those that are to be stored. */
async function computeGroup(
  world: ShardWorld,
  { planned: group, crossing, members, sources, held, lacking }: HeldGroup,
  columns: readonly ShardColumn[],
  cancelled: AbortSignal,
): Promise<(StoredShard | NewShard)[]> {
  const { contents, slices } = group
  const { bars } = sources
  const computed = await computeSlices(world.pool, group, sources, lacking, cancelled)
  const bySlice = new Map(lacking.map(({ index }, at) => [index, computed[at]!]))
  const known = await findKnownEnds(
    world.db,
    slices.flatMap(({ key }, index) => (held[index] === undefined || 'whole' in held[index] || bySlice.has(index) ? [] : [key])),
  )
  const reach = Math.max(...columns.map((column) => column.ahead))
  // cross-sections are counted where they are computed
  const counted = new Set(columns.map(({ text }) => text).filter((text) => !isCrossSection(text)))
  const shards: (StoredShard | NewShard)[] = []
  for (const [index, planned] of slices.entries()) {
    const own = held[index]
    if (own === undefined) continue
    if ('whole' in own) {
      const counts = { asked: counted.size, cached: counted.size }
      shards.push(...((await members?.cutStored(index, own.whole.shard, counts, bars)) ?? [{ ...named(own.whole), ...counts }]))
      continue
    }
    const part = bySlice.get(index)
    const read = part === undefined || reach === 0 ? undefined : await bars.after(planned.slice)
    const ahead = (symbols: readonly string[]) =>
      reach === 0 ? nothingAhead : readAhead(planned.slice, reach, { symbols, bars: read?.bars ?? new Map() }, contents)
    const ends = part?.ends ?? known.get(planned.key) ?? {}
    const place = crossing === undefined ? placeOf(planned.slice.months[0]!, group.symbols) : null
    const keys = crossing === undefined ? [planned.key] : [crossing.keys[index]!, ...(counted.size > 0 ? [planned.key] : [])]
    const assembled = assembleShard(planned, columns, { held: own, computed: part, ends, ahead, keys, place, counted })
    shards.push(...((await members?.cut(index, assembled, bars)) ?? assembled))
  }
  return shards
}

/** All of them are one and the same list. */
const missingOf = (columns: readonly ShardColumn[], held: Held): readonly ShardColumn[] => {
  if ('whole' in held) return []
  return held.columns.size === 0 ? columns : columns.filter(({ text }) => !held.columns.has(text))
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
    const { keys, place, rows, named, sessions, newest, last, nonFinite, asked, cached, passing } = shard
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
    const states = encodeStates(shard.states)
    for (const key of keys) {
      keepSeriesEnds(key, shard.ends)
      // states are of all that columns read, which the first key names
      const own = key === keys[0] ? states : undefined
      fresh.push({ key, shard: stored, sessions: bits, ahead: shard.ahead, ends: shard.ends, states: own, nonFinite, place })
    }
    return { shard: stored, sessions: bits, newest, nonFinite, renewed: [], asked, cached, passing }
  }
  const stored: StoredShard[] = []
  for await (const each of ahead(shards, putsAtATime, put)) {
    if (each.passing) continue
    stored.push(each)
    progress.advance()
  }
  const renewed = stored.flatMap((each) => each.renewed)
  await Promise.all([rememberShards(db, list, fresh), renewAhead(db, list.hash, renewed)])
  return stored
}
