/**
 * The cross-sections of a stage, from its operands' shards: one for each shard of those, with the same rows. A shard is
 * known by the content of all operands on its sessions, whatever bars gave it, so that what changed without changing an
 * operand changes nothing here. In memory is one year of some columns.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { type NewlyCached, rememberShards } from '#db/commands/remember-shards.ts'
import { findCachedShards } from '#db/queries/cached-shards.ts'
import { concatenateFloats, concatenateIntegers } from '#domain/concatenate.ts'
import { buildStages, chunksOf, type CrossColumn } from '#domain/features/build-stages.ts'
import { computeCrossSection, orderBySession } from '#domain/features/cross-section.ts'
import { columnsHash, engineVersion } from '#domain/features/definitions.ts'
import { nothingAhead } from '#domain/features/slice-keys.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionBits } from '#domain/market/session-bits.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'
import { sha256 } from '#domain/sha256.ts'
import type { ShardWorld } from './compute-shards.ts'
import { firstRowFrom } from './decoded-build.ts'
import { readColumns, readDays, readRows, writeShard } from './shard-file.ts'
import { getStaged, putStaged, readStagedShard, type StagedColumns } from './staged-columns.ts'

/** `operands` are the lists of the stage, one after the other for each batch of groups. */
export type CrossSectionsInput = {
  featureSet: FeatureSet
  label: LabelDefinition
  stage: number
  chunk: number
  operands: ObjectRef[][]
}

/** `columns` is a StagedColumns; counts are as in ShardsResult. */
export type CrossSectionsResult = { columns: ObjectRef; asked: number; cached: number }

type World = Pick<ShardWorld, 'db' | 'objects'>

/** A shard of cross-sections, and the operands' shard that has its rows. */
type Filled = { operand: FeatureShard; columns: Float32Array[] }

export async function computeCrossSections(
  world: World,
  { featureSet, label, stage, chunk, operands }: CrossSectionsInput,
  cancelled: AbortSignal,
): Promise<CrossSectionsResult> {
  const { list, columns } = chunksOf(buildStages(featureSet, label)[stage]!)[chunk]!
  const read = await Promise.all(operands.map((lists) => getStaged(world.objects, lists[list]!)))
  const groups = read.flatMap((batch) => batch.groups)
  const market = groups.flatMap(({ shards }) => shards)
  const texts = columns.map(({ column }) => column)
  const hash = columnsHash(texts)
  const keys = new Map(market.map((shard) => [shard, keyOf(shard, market)]))
  const found = new Map<string, FeatureShard>()
  for (const { key, columnsHash: own, shard } of await findCachedShards(world.db, [...keys.values()]))
    if (own === hash) found.set(key, shard)
  const lacking = market.filter((shard) => !found.has(keys.get(shard)!))
  for await (const shards of computeYears(world, market, lacking, columns, cancelled)) {
    const fresh: NewlyCached[] = []
    for (const each of shards) {
      const { shard, sessions } = await store(world, each, columns)
      const key = keys.get(each.operand)!
      found.set(key, shard)
      fresh.push({ key, shard, sessions: sessionBits(sessions), ahead: nothingAhead, ends: {} })
    }
    await rememberShards(world.db, { hash, columns: texts }, fresh)
  }
  const crossed: StagedColumns = {
    columns: texts,
    groups: groups.map(({ group, shards }) => ({ group, shards: shards.map((shard) => found.get(keys.get(shard)!)!) })),
  }
  const asked = market.length * columns.length
  return { columns: await putStaged(world.objects, crossed), asked, cached: asked - lacking.length * columns.length }
}

/** All that its cross-sections read: operands of any group on its sessions. */
const keyOf = (shard: FeatureShard, market: readonly FeatureShard[]): string =>
  sha256(
    JSON.stringify([
      'cross-section',
      engineVersion,
      shard.object.sha256,
      market.filter((other) => overlaps(other, shard.firstSession, shard.lastSession)).map(({ object }) => object.sha256),
    ]),
  )

const overlaps = ({ firstSession, lastSession }: FeatureShard, from: string, to: string) => firstSession <= to && lastSession >= from

/** Computes the shards that are lacking, year by year; answers those that are full. */
async function* computeYears(
  world: World,
  market: readonly FeatureShard[],
  lacking: readonly FeatureShard[],
  columns: readonly CrossColumn[],
  cancelled: AbortSignal,
): AsyncGenerator<Filled[]> {
  const open = new Map<FeatureShard, Filled>()
  for (const year of [...new Set(lacking.flatMap(yearsOf))].sort(compareText)) {
    const within = lacking.filter((shard) => overlaps(shard, `${year}-01-01`, `${year}-12-31`))
    for (const operand of within)
      if (!open.has(operand)) open.set(operand, { operand, columns: columns.map(() => new Float32Array(operand.rows)) })
    const from = within.map(({ firstSession }) => firstSession).reduce((a, b) => (a < b ? a : b))
    const to = within.map(({ lastSession }) => lastSession).reduce((a, b) => (a > b ? a : b))
    const range = { from: from > `${year}-01-01` ? from : `${year}-01-01`, to: to < `${year}-12-31` ? to : `${year}-12-31` }
    await fill(world, market, open, columns, range, cancelled)
    const full = within.filter(({ lastSession }) => lastSession.startsWith(year)).map((operand) => open.get(operand)!)
    for (const { operand } of full) open.delete(operand)
    yield full
  }
}

function yearsOf({ firstSession, lastSession }: FeatureShard): string[] {
  const [first, last] = [Number(firstSession.slice(0, 4)), Number(lastSession.slice(0, 4))]
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index).padStart(4, '0'))
}

/** Rows of one symbol in the range: `at` is the first's place in its shard. */
type Block = { symbol: string; days: Int32Array; shard: FeatureShard; at: number; columns: ReadonlyMap<string, Float32Array> }

async function fill(
  world: World,
  market: readonly FeatureShard[],
  open: ReadonlyMap<FeatureShard, Filled>,
  columns: readonly CrossColumn[],
  { from, to }: { from: string; to: string },
  cancelled: AbortSignal,
): Promise<void> {
  const wanted = [...new Set(columns.map(({ operand }) => operand))]
  const blocks: Block[] = []
  for (const shard of market.filter((each) => overlaps(each, from, to))) {
    cancelled.throwIfAborted()
    blocks.push(...blocksOf(shard, await readStagedShard(world, shard), wanted, { from, to }))
  }
  // whatever groups the symbols are in
  blocks.sort((a, b) => compareText(a.symbol, b.symbol) || a.days[0]! - b.days[0]!)
  const order = orderBySession(concatenateIntegers(blocks.map(({ days }) => days)))
  for (const [index, { operand, section }] of columns.entries()) {
    cancelled.throwIfAborted()
    const answers = computeCrossSection(order, concatenateFloats(blocks.map((block) => block.columns.get(operand)!)), section)
    let row = 0
    for (const { shard, days, at } of blocks) {
      open.get(shard)?.columns[index]!.set(answers.subarray(row, row + days.length), at)
      row += days.length
    }
    // a column takes a moment: heartbeats come in between
    await turn()
  }
}

function blocksOf(shard: FeatureShard, bytes: Uint8Array, texts: readonly string[], range: { from: string; to: string }): Block[] {
  const columns = readColumns(bytes, texts)
  const blocks: Block[] = []
  const dayAfter = sessionOf(dayOf(range.to)! + 1)
  let start = 0
  for (const { symbol, days } of readDays(bytes)) {
    const [first, last] = [firstRowFrom(days, range.from), firstRowFrom(days, dayAfter)]
    const at = start + first
    const own = new Map([...columns].map(([text, values]) => [text, values.slice(at, start + last)]))
    if (last > first) blocks.push({ symbol, days: days.subarray(first, last), shard, at, columns: own })
    start += days.length
  }
  return blocks
}

async function store({ objects }: World, { operand, columns }: Filled, texts: readonly CrossColumn[]) {
  const rows = readRows(await objects.get(operand.object))
  const named = texts.map(({ column }, index) => ({ name: column.name, values: columns[index]! }))
  const shard: FeatureShard = { ...operand, object: await objects.put(writeShard(rows, named), 'arrow') }
  return { shard, sessions: [...new Set(rows.flatMap(({ sessions }) => sessions))].sort(compareText) }
}
