import { z } from 'zod'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { BesideBars, CorporateAction, KnownAtBasis, PriceJump } from '#contracts/datasets.ts'
import { ObjectRef } from '#contracts/references.ts'
import { Session, Ticker } from '#contracts/words.ts'
import { numbersPerBar, readBarRecords } from '#domain/market/bar-records.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { groupCount } from '#domain/market/chunk-layout.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import type { SymbolRecords } from './bar-grouping.ts'

/** What an import leaves in the store for the steps after it: bars as records, in parts of some megabytes. */
export const StagedBars = z.strictObject({
  format: z.literal(2),
  knownAtBasis: KnownAtBasis,
  groups: z.int().positive(),
  lastSession: Session,
  rows: z.int().positive(),
  symbols: z.int().positive(),
  /** a list of actions: the source's own word; absent when it has none */
  given: ObjectRef.optional(),
  beside: BesideBars,
  /** whole symbols of one group each, their records one behind the other */
  parts: z
    .array(
      z.strictObject({
        object: ObjectRef,
        group: z.int().nonnegative(),
        symbols: z.array(z.strictObject({ symbol: Ticker, rows: z.int().positive() })).min(1),
      }),
    )
    .min(1),
})
export type StagedBars = z.infer<typeof StagedBars>
type StagedPart = StagedBars['parts'][number]

const rowsPerPart = 65_536
/** Parts on their way at the same time. */
const atATime = 3

/** Bars of one of the finest groups of the layout. */
type GroupedBars = { group: number; symbols: readonly SymbolRecords[] }

/** Stores bars, which come by group, and describes them; undefined when there are none. */
export async function stageBars(
  objects: ObjectStore,
  source: AsyncIterable<GroupedBars>,
  knownAtBasis: KnownAtBasis,
): Promise<Omit<StagedBars, 'given' | 'beside'> | undefined> {
  const parts: StagedPart[] = []
  let [rows, symbols, lastDay] = [0, 0, Number.NEGATIVE_INFINITY]
  const described = async function* () {
    for await (const grouped of source) {
      for (const { records } of grouped.symbols) {
        symbols++
        rows += rowsOf(records)
        lastDay = Math.max(lastDay, records.at(-numbersPerBar)!)
      }
      yield grouped
    }
  }
  const store = async (part: GroupedBars): Promise<StagedPart> => ({
    object: await objects.put(joined(part.symbols), 'bin'),
    group: part.group,
    symbols: part.symbols.map(({ symbol, records }) => ({ symbol, rows: rowsOf(records) })),
  })
  for await (const part of ahead(inParts(described()), atATime, store)) parts.push(part)
  if (rows === 0) return undefined
  // the number of groups is known only now: it divides that of the finest
  const groups = groupCount(symbols)
  return {
    format: 2,
    knownAtBasis,
    groups,
    lastSession: sessionOf(lastDay),
    rows,
    symbols,
    parts: parts.map((part) => ({ ...part, group: part.group % groups })).sort((a, b) => a.group - b.group),
  }
}

/** The bars of each part, in the order given. @throws QuantloopError object_missing | object_corrupt | unavailable */
export const readParts = (objects: ObjectStore, parts: readonly StagedPart[]): AsyncIterable<BarColumns[]> =>
  ahead(parts, atATime, async ({ object, symbols }) => {
    const bytes = await objects.get(object)
    const records = new Float64Array(bytes.byteLength / Float64Array.BYTES_PER_ELEMENT)
    asBytes(records).set(bytes)
    let from = 0
    return symbols.map(({ symbol, rows }) => {
      const to = from + rows * numbersPerBar
      const bars = readBarRecords(symbol, records.subarray(from, to))
      from = to
      return bars
    })
  })

/** Small neighbours of a group together, up to some megabytes. */
async function* inParts(source: AsyncIterable<GroupedBars>): AsyncGenerator<GroupedBars> {
  let [group, rows, gathered] = [-1, 0, [] as SymbolRecords[]]
  for await (const { group: next, symbols } of source)
    for (const symbol of symbols) {
      if (gathered.length > 0 && (next !== group || rows + rowsOf(symbol.records) > rowsPerPart)) {
        yield { group, symbols: gathered }
        ;[rows, gathered] = [0, []]
      }
      group = next
      rows += rowsOf(symbol.records)
      gathered.push(symbol)
    }
  if (gathered.length > 0) yield { group, symbols: gathered }
}

const joined = (symbols: readonly SymbolRecords[]) => Buffer.concat(symbols.map(({ records }) => asBytes(records)))
const rowsOf = (records: Float64Array) => records.length / numbersPerBar
const asBytes = ({ buffer, byteOffset, byteLength }: Float64Array) => new Uint8Array(buffer, byteOffset, byteLength)

/** What the bars show: the actions that explain them, and the moves that nothing explains. */
export const Examination = z.strictObject({ format: z.literal(1), actions: z.array(CorporateAction), jumps: z.array(PriceJump) })
export type Examination = z.infer<typeof Examination>

export const putJson = (objects: ObjectStore, value: unknown) => objects.put(new TextEncoder().encode(canonicalJson(value)), 'json')

export async function getJson<T extends z.ZodType>(objects: ObjectStore, ref: ObjectRef, schema: T): Promise<z.infer<T>> {
  return schema.parse(JSON.parse(new TextDecoder().decode(await objects.get(ref))))
}
