import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { type NewlyCached, rememberShards, renewAhead } from '#db/commands/remember-shards.ts'
import { type CachedShard, findCachedShards, findSeriesEnds } from '#db/queries/cached-shards.ts'
import { crossSectionOf } from '#domain/expressions/operators.ts'
import { parse } from '#domain/expressions/parse.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { buildStages } from '#domain/features/build-stages.ts'
import { columnsHash, type ShardColumn, shardColumns } from '#domain/features/definitions.ts'
import { type Ahead, nothingAhead, readAhead } from '#domain/features/slice-keys.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { groupBy } from '#domain/group-by.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionBits } from '#domain/market/session-bits.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { type LaterBars, openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'
import { assembleShard, type NewestRow, type NewShard, readWhole } from './assemble-shard.ts'
import { computeSlices, firstMonthRead, type Lacking } from './compute-slices.ts'
import { CrossedColumns, crossReadingOf } from './crossed-columns.ts'
import { GroupBars } from './group-bars.ts'
import { type Held, holdSlice, type WholeShard } from './held-shards.ts'
import { type PlannedGroup, planGroup } from './plan-group.ts'
import { writeShard } from './shard-file.ts'
import { getStaged, putStaged } from './staged-columns.ts'
import type { ThreadPool } from './thread-pool.ts'

/**
 * `groups` are the symbols that share shards; with `asOf`, what became known later is not seen. `crossed` are the
 * cross-sections of earlier stages, as StagedColumns.
 */
export type ShardsInput = {
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
export type ShardsDigest = { sessions: string[]; newest: NewestRow[] }

export type ShardWorld = { db: Database; objects: ObjectStore; pool: ThreadPool }

/** A shard that is in the store. */
type StoredShard = {
  shard: FeatureShard
  sessions: readonly string[]
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
 * only the others are computed, from no more bars than they read. A group is stored while the next is computed; when this
 * ends, however it ends, all that were begun have been stored.
 */
export async function computeShards(world: ShardWorld, input: ShardsInput, cancelled: AbortSignal): Promise<ShardsResult> {
  const { objects } = world
  const stored = (await storedByGroup(world, input, shardColumns(input.featureSet, input.label), cancelled)).flat()
  const digest: ShardsDigest = {
    sessions: [...new Set(stored.flatMap(({ sessions }) => sessions))].sort(compareText),
    newest: stored.flatMap(({ newest }) => newest).sort((a, b) => compareText(a.symbol, b.symbol)),
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
  const symbols = input.groups.flatMap((group) => group.symbols)
  const snapshot = await openSnapshotKnownAt(objects, input.snapshot, input.asOf, symbols)
  const reading = crossReadingOf(columns)
  const staged = reading.texts.size === 0 ? [] : await Promise.all((input.crossed ?? []).map((ref) => getStaged(objects, ref)))
  const groups = input.groups.map((group) => {
    const planned = planGroup(snapshot, group)
    if (reading.texts.size === 0) return { planned, crossing: undefined }
    const slices = planned.slices.map(({ slice }) => slice)
    const crossed = new CrossedColumns(world, staged, group.group, slices, reading)
    return { planned, crossing: { crossed, keys: crossed.keys(planned.slices.map(({ key }) => key)) } }
  })
  const keys = groups.flatMap(({ planned, crossing }) => [...planned.slices.map(({ key }) => key), ...(crossing?.keys ?? [])])
  const found = groupBy(await findCachedShards(db, keys), ({ key }) => key)

  const work = async function* () {
    for (const { planned, crossing } of groups) yield await computeGroup(world, snapshot, planned, { columns, found, crossing }, cancelled)
  }
  const stored: StoredShard[][] = []
  for await (const some of ahead(work(), groupsAtATime, (shards) => store(world, columns, shards))) stored.push(some)
  return stored
}

/** `crossing` is there when columns read cross-sections; its keys name the shards that hold such columns. */
type Crossing = { crossed: CrossedColumns; keys: string[] }
type Asked = { columns: readonly ShardColumn[]; found: ReadonlyMap<string, readonly CachedShard[]>; crossing: Crossing | undefined }

/** The shards of a group in the order of time: those that are there, and those that are to be stored. */
async function computeGroup(
  world: ShardWorld,
  snapshot: SnapshotBars & LaterBars,
  group: PlannedGroup,
  { columns, found, crossing }: Asked,
  cancelled: AbortSignal,
): Promise<(StoredShard | NewShard)[]> {
  const { contents, slices } = group
  const bars = new GroupBars(world.db, snapshot, group)
  const held: Held[] = []
  const lacking: (Lacking & { index: number })[] = []
  // the newest slice first: it tells how far back bars will be read
  for (const [index, { slice, key, last }] of [...slices.entries()].reverse()) {
    const shards =
      crossing === undefined
        ? (found.get(key) ?? [])
        : [...(found.get(crossing.keys[index]!) ?? []), ...(found.get(key) ?? []).flatMap(withoutCrossed)]
    const own = await holdSlice(world, { slice, contents, columns, read: last.size > 0 }, shards, bars)
    if (crossing !== undefined && !('whole' in own)) await crossing.crossed.addTo(own, columns, index)
    held[index] = own
    const missing = 'whole' in own ? [] : columns.filter(({ text }) => !own.columns.has(text))
    if (missing.length === 0) continue
    lacking.unshift({ index, slice, missing })
    if (found.size > 0) bars.expect(firstMonthRead(lacking))
  }
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
      shards.push({
        ...readWhole(own.whole, planned.last, columns),
        renewed: renewedOf(own.whole),
        asked: counted.size,
        cached: counted.size,
      })
      continue
    }
    const part = bySlice.get(index)
    const read = part === undefined || reach === 0 ? undefined : await bars.after(planned.slice)
    const ahead = (symbols: readonly string[]) =>
      reach === 0 ? nothingAhead : readAhead(planned.slice, reach, { symbols, bars: read?.bars ?? new Map() }, contents)
    const ends = part?.ends ?? known.get(planned.key) ?? {}
    const keys = crossing === undefined ? [planned.key] : [crossing.keys[index]!, ...(counted.size > 0 ? [planned.key] : [])]
    shards.push(...assembleShard(planned, columns, { held: own, computed: part, ends, ahead, keys, counted }))
  }
  return shards
}

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

const isCrossSection = (text: string): boolean => {
  const expression = parse(text)
  return expression.kind === 'call' && crossSectionOf(expression) !== undefined
}

const renewedOf = ({ shard: { key }, renewed }: WholeShard) => (renewed === undefined ? [] : [{ key, ahead: renewed }])

/** Puts what is new into the store, and says where it is. */
async function store({ db, objects }: ShardWorld, columns: readonly ShardColumn[], shards: readonly (StoredShard | NewShard)[]) {
  const fresh: NewlyCached[] = []
  const put = async (shard: StoredShard | NewShard): Promise<StoredShard> => {
    if ('shard' in shard) return shard
    const { keys, rows, named, sessions, newest, asked, cached } = shard
    const stored: FeatureShard = {
      object: await objects.put(writeShard(rows, named), 'arrow'),
      rows: rows.reduce((count, each) => count + each.sessions.length, 0),
      symbols: rows.map(({ symbol }) => symbol),
      firstSession: sessions[0]!,
      lastSession: sessions.at(-1)!,
    }
    for (const key of keys) fresh.push({ key, shard: stored, sessions: sessionBits(sessions), ahead: shard.ahead, ends: shard.ends })
    return { shard: stored, sessions, newest, renewed: [], asked, cached }
  }
  const stored: StoredShard[] = []
  for await (const each of ahead(shards, putsAtATime, put)) stored.push(each)
  const hash = columnsHash(columns)
  await rememberShards(db, { hash, columns }, fresh)
  await renewAhead(
    db,
    hash,
    stored.flatMap(({ renewed }) => renewed),
  )
  return stored
}
