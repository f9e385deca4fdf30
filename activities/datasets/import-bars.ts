import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { type Quarantined, quarantineRows } from '#db/commands/quarantine-rows.ts'
import { BarIntake } from '#domain/market/bar-intake.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { groupCount, groupOf } from '#domain/market/chunk-layout.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { latestSessionAt } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { writeBarFiles } from '../snapshots/bar-files.ts'
import { connectorOf, throughOf } from './connect.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { putJson, type StagedBars } from './staged.ts'

export type ImportWorld = ConnectorWorld & { db: Database; objects: ObjectStore }

/** `withheld` lines lie after the last session to release: neither used nor refused. */
export type Imported = { staged: ObjectRef; rows: number; symbols: number; lines: number; quarantined: number; withheld: number }

const keptOfRaw = 2_000
const rowsPerInsert = 500

/**
 * Reads a source, names and quarantines the lines that cannot be trusted, and stages the rest. Every line is accounted
 * for: rows + quarantined + withheld = lines. Doing it again gives the same objects and the same quarantine.
 *
 * @throws QuantloopError source_empty | source_malformed | object_missing | unavailable
 */
export async function importBars(
  world: ImportWorld,
  { syncId, config, asOf, cancelled }: { syncId: string; config: ConnectorConfig; asOf: string; cancelled: AbortSignal },
): Promise<Imported> {
  const connector = connectorOf(config, world)
  const quarantine = new Quarantine(world.db, syncId, connector.file)
  const { intake, lines, withheld } = await takeIn(
    connector,
    { through: throughOf(config), latestSession: latestSessionAt(asOf) },
    quarantine,
    cancelled,
  )
  for (const { line, reason, bar } of intake.contradicted()) await quarantine.add({ line, reason, bar, raw: asText(bar) })
  await quarantine.flush()

  const bars = intake.bars()
  const rows = bars.reduce((sum, { sessions }) => sum + sessions.length, 0)
  if (rows === 0) throw nothingLeft(connector.file, lines, withheld, quarantine)
  const staged = await putJson(world.objects, await stage(world.objects, bars, connector.knownAtBasis, cancelled))
  return { staged, rows, symbols: bars.length, lines, quarantined: quarantine.count, withheld }
}

type Limits = { through: string | undefined; latestSession: string }

async function takeIn(connector: Connector, { through, latestSession }: Limits, quarantine: Quarantine, cancelled: AbortSignal) {
  const intake = new BarIntake(latestSession)
  let lines = 0
  let withheld = 0
  for await (const batch of connector.rows()) {
    cancelled.throwIfAborted()
    for (const { line, raw, row } of batch) {
      lines++
      if ('reason' in row) await quarantine.add({ line, raw, reason: row.reason })
      else if (through !== undefined && row.session > through) withheld++
      else {
        const reason = intake.offer(row, line)
        if (reason !== undefined) await quarantine.add({ line, raw, reason, bar: row })
      }
    }
  }
  return { intake, lines, withheld }
}

async function stage(
  objects: ObjectStore,
  bars: readonly BarColumns[],
  knownAtBasis: StagedBars['knownAtBasis'],
  cancelled: AbortSignal,
): Promise<StagedBars> {
  const groups = groupCount(bars.length)
  const byGroup = new Map<number, BarColumns[]>()
  for (const symbol of bars) {
    const group = groupOf(symbol.symbol, groups)
    byGroup.set(group, [...(byGroup.get(group) ?? []), symbol])
  }
  const members = [...byGroup].sort(([a], [b]) => a - b)
  const parts: StagedBars['parts'] = []
  for await (const bytes of writeBarFiles(members.map(([, pieces]) => pieces))) {
    cancelled.throwIfAborted()
    const [group, pieces] = members[parts.length]!
    parts.push({ object: await objects.put(bytes, 'parquet'), group, symbols: pieces.map(({ symbol }) => symbol) })
  }
  return {
    format: 1,
    knownAtBasis,
    groups,
    lastSession: bars.map(({ sessions }) => sessions.at(-1)!).reduce((a, b) => (a > b ? a : b)),
    rows: bars.reduce((sum, { sessions }) => sum + sessions.length, 0),
    symbols: bars.length,
    parts,
  }
}

/** Refused lines on their way into the table, some hundred at a time. */
class Quarantine {
  count = 0
  firstReason: string | undefined
  private readonly db: Database
  private readonly syncId: string
  private readonly file: string
  private pending: Quarantined[] = []

  constructor(db: Database, syncId: string, file: string) {
    this.db = db
    this.syncId = syncId
    this.file = file
  }

  async add({ line, reason, raw, bar }: { line: number; reason: string; raw: string; bar?: BarRow }): Promise<void> {
    this.count++
    this.firstReason ??= `line ${line}: ${reason}`
    // PostgreSQL's text holds no NUL
    const text = raw.slice(0, keptOfRaw).replaceAll('\0', '\u2400')
    this.pending.push({
      file: this.file,
      line,
      reason: reason.replaceAll('\0', '\u2400'),
      raw: text,
      symbol: bar?.symbol ?? null,
      session: bar?.session ?? null,
    })
    if (this.pending.length >= rowsPerInsert) await this.flush()
  }

  async flush(): Promise<void> {
    await quarantineRows(this.db, this.syncId, this.pending)
    this.pending = []
  }
}

function nothingLeft(file: string, lines: number, withheld: number, quarantine: Quarantine): QuantloopError {
  if (withheld === lines)
    return new QuantloopError('source_empty', `all ${lines} rows of ${file} lie after the last session to release`, { file })
  return new QuantloopError(
    'source_malformed',
    `no row of ${file} can be used: ${quarantine.count} of ${lines} were quarantined, first ${quarantine.firstReason}`,
    { file },
  )
}

const asText = (bar: BarRow) =>
  [
    bar.symbol,
    bar.session,
    bar.open,
    bar.high,
    bar.low,
    bar.close,
    bar.volume,
    ...(Number.isNaN(bar.adjustedClose) ? [] : [bar.adjustedClose]),
  ].join(',')
