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
import type { Membership } from '#domain/market/membership.ts'
import { sessionBits } from '#domain/market/session-bits.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import { sha256 } from '#domain/sha256.ts'
import { openSnapshotKnownAt } from '../snapshots.ts'
import type { ShardWorld } from './compute-shards.ts'
import { firstRowFrom } from './decoded-build.ts'
import { openMembership } from './open-membership.ts'
import { readColumns, readDays, type SymbolDays, writeShard } from './shard-file.ts'
import { getStaged, putStaged, readStagedShard, type StagedColumns } from './staged-columns.ts'

/**
 * `operands` are the lists of the stage, one after the other for each batch of groups. With `asOf`, an end of a listing that
 * became known later is not seen.
 */
export type CrossSectionsInput = {
  snapshot: ObjectRef
  asOf?: string | undefined
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
type Filled = { operand: FeatureShard; rows: SymbolDays[]; columns: Float32Array[] }

export async function computeCrossSections(
  world: World,
  { snapshot, asOf, featureSet, label, stage, chunk, operands }: CrossSectionsInput,
  cancelled: AbortSignal,
): Promise<CrossSectionsResult> {
  const { list, columns } = chunksOf(buildStages(featureSet, label)[stage]!)[chunk]!
  const read = await Promise.all(operands.map((lists) => getStaged(world.objects, lists[list]!)))
  const groups = read.flatMap((batch) => batch.groups)
  const market = groups.flatMap(({ shards }) => shards)
  const texts = columns.map(({ column }) => column)
  const hash = columnsHash(texts)
  const members = await membersOf(world, snapshot, asOf, featureSet.universe)
  const keys = keysOf(market, members)
  const found = new Map<string, FeatureShard>()
  for (const { key, columnsHash: own, shard } of await findCachedShards(world.db, [...keys.values()]))
    if (own === hash) found.set(key, shard)
  const lacking = market.filter((shard) => !found.has(keys.get(shard)!))
  for await (const shards of computeYears(world, { market, lacking, members }, columns, cancelled)) {
    const fresh: NewlyCached[] = []
    for (const each of shards) {
      const { shard, sessions } = await store(world, each, columns)
      const key = keys.get(each.operand)!
      found.set(key, shard)
      fresh.push({
        key,
        shard,
        sessions: sessionBits(sessions),
        ahead: nothingAhead,
        ends: {},
        states: undefined,
        nonFinite: {},
        place: null,
      })
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

/** No actions are looked for, and no bars, where a build is of all symbols. */
async function membersOf({ objects }: World, snapshot: ObjectRef, asOf: string | undefined, universe: string | undefined) {
  return universe === undefined
    ? undefined
    : await openMembership(objects, await openSnapshotKnownAt(objects, snapshot, asOf, []), universe)
}

/** Of each shard all that its cross-sections read: operands of any group on its sessions, and which of their symbols are no members. */
function keysOf(market: readonly FeatureShard[], members: Membership | undefined): Map<FeatureShard, string> {
  const symbols = members === undefined ? [] : [...new Set(market.flatMap((shard) => shard.symbols))].sort(compareText)
  // shards of many groups have the same sessions
  const exceptionsOf = new RecentlyUsed<unknown[]>(256)
  return new Map(
    market.map((shard) => {
      const { object, firstSession, lastSession } = shard
      const read = market.filter((other) => overlaps(other, firstSession, lastSession))
      const exceptions = exceptionsOf.of(`${firstSession} ${lastSession}`, () => {
        const there = new Set(read.flatMap((other) => other.symbols))
        return (
          members?.exceptions(
            symbols.filter((symbol) => there.has(symbol)),
            firstSession,
            lastSession,
          ) ?? []
        )
      })
      const hashes = read.map((other) => other.object.sha256)
      const key = ['cross-section', engineVersion, object.sha256, hashes, ...(exceptions.length > 0 ? [exceptions] : [])]
      return [shard, sha256(JSON.stringify(key))]
    }),
  )
}

const overlaps = ({ firstSession, lastSession }: FeatureShard, from: string, to: string) => firstSession <= to && lastSession >= from

/** Shards of operands, and of those the ones whose cross-sections are lacking; cross-sections are over `members`. */
type Market = { market: readonly FeatureShard[]; lacking: readonly FeatureShard[]; members: Membership | undefined }

/** Computes the shards that are lacking, year by year; answers those that are full. */
async function* computeYears(
  world: World,
  { market, lacking, members }: Market,
  columns: readonly CrossColumn[],
  cancelled: AbortSignal,
): AsyncGenerator<Filled[]> {
  const read = new Map<FeatureShard, ReadShard>()
  const open = new Map<FeatureShard, Filled>()
  for (const year of [...new Set(lacking.flatMap(yearsOf))].sort(compareText)) {
    const [newYear, yearEnd] = [`${year}-01-01`, `${year}-12-31`]
    const within = lacking.filter((shard) => overlaps(shard, newYear, yearEnd))
    const first = within.map(({ firstSession }) => firstSession).reduce((a, b) => (a < b ? a : b))
    const last = within.map(({ lastSession }) => lastSession).reduce((a, b) => (a > b ? a : b))
    const [from, to] = [first > newYear ? first : newYear, last < yearEnd ? last : yearEnd]
    for (const shard of market.filter((each) => overlaps(each, from, to))) {
      cancelled.throwIfAborted()
      if (!read.has(shard)) read.set(shard, readOperands(await readStagedShard(world, shard), columns))
    }
    for (const operand of within)
      if (!open.has(operand))
        open.set(operand, {
          operand,
          rows: read.get(operand)!.rows,
          columns: columns.map(() => new Float32Array(operand.rows).fill(Number.NaN)),
        })
    await fill(read, open, columns, { from, to, members }, cancelled)
    const full = within.filter(({ lastSession }) => lastSession <= yearEnd).map((operand) => open.get(operand)!)
    for (const { operand } of full) open.delete(operand)
    // what reaches into the next year is not read again for it
    for (const shard of read.keys()) if (shard.lastSession <= yearEnd) read.delete(shard)
    yield full
  }
}

function yearsOf({ firstSession, lastSession }: FeatureShard): string[] {
  const [first, last] = [Number(firstSession.slice(0, 4)), Number(lastSession.slice(0, 4))]
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index).padStart(4, '0'))
}

type ReadShard = { rows: SymbolDays[]; columns: ReadonlyMap<string, Float32Array> }

/** In memory of their own: the other columns of the shard are let go. */
function readOperands(bytes: Uint8Array, columns: readonly CrossColumn[]): ReadShard {
  const found = readColumns(bytes, [...new Set(columns.map(({ operand }) => operand))])
  return {
    rows: readDays(bytes).map(({ symbol, days }) => ({ symbol, days: days.slice() })),
    columns: new Map([...found].map(([text, values]) => [text, values.slice()])),
  }
}

/** Rows of one symbol in the range: `at` is the first's place in its shard. */
type Block = { symbol: string; days: Int32Array; shard: FeatureShard; at: number }

/** Days from one to another, and who takes part in them. */
type Range = { from: string; to: string; members: Membership | undefined }

/** Computes the sessions of a range for the shards that are open. */
async function fill(
  read: ReadonlyMap<FeatureShard, ReadShard>,
  open: ReadonlyMap<FeatureShard, Filled>,
  columns: readonly CrossColumn[],
  range: Range,
  cancelled: AbortSignal,
): Promise<void> {
  const blocks = [...read].flatMap(([shard, { rows }]) => blocksOf(shard, rows, range))
  // whatever groups the symbols are in
  blocks.sort((a, b) => compareText(a.symbol, b.symbol) || a.days[0]! - b.days[0]!)
  const order = orderBySession(concatenateIntegers(blocks.map(({ days }) => days)))
  for (const [index, { operand, section }] of columns.entries()) {
    cancelled.throwIfAborted()
    const values = blocks.map(({ shard, days, at }) =>
      read
        .get(shard)!
        .columns.get(operand)!
        .subarray(at, at + days.length),
    )
    const answers = computeCrossSection(order, concatenateFloats(values), section)
    let row = 0
    for (const { shard, days, at } of blocks) {
      open.get(shard)?.columns[index]!.set(answers.subarray(row, row + days.length), at)
      row += days.length
    }
    // a column takes a moment: heartbeats come in between
    await turn()
  }
}

/** The rows that take part; the others stay NaN. */
function blocksOf(shard: FeatureShard, rows: readonly SymbolDays[], { from, to, members }: Range): Block[] {
  const blocks: Block[] = []
  let start = 0
  for (const { symbol, days } of rows) {
    for (const span of members?.between(symbol, from, to) ?? [{ from, to }]) {
      const [first, last] = [firstRowFrom(days, span.from), firstRowFrom(days, sessionOf(dayOf(span.to)! + 1))]
      if (last > first) blocks.push({ symbol, days: days.subarray(first, last), shard, at: start + first })
    }
    start += days.length
  }
  return blocks
}

async function store({ objects }: World, { operand, rows, columns }: Filled, texts: readonly CrossColumn[]) {
  const named = texts.map(({ column }, index) => ({ name: column.name, values: columns[index]! }))
  const symbols = rows.map(({ symbol, days }) => ({ symbol, sessions: Array.from(days, sessionOf) }))
  const shard: FeatureShard = { ...operand, object: await objects.put(writeShard(symbols, named), 'arrow') }
  return { shard, sessions: [...new Set(symbols.flatMap(({ sessions }) => sessions))].sort(compareText) }
}
