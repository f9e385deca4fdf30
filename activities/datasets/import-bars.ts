import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { BarIntake } from '#domain/market/bar-intake.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { groupCount, inGroups } from '#domain/market/chunk-layout.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { latestSessionAt } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { writeBarFiles } from '../snapshots/bar-files.ts'
import { admissionOf } from './admission.ts'
import { connectorOf, type ImportConfig, throughOf } from './connect.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { keepFacts } from './keep-facts.ts'
import { asText, Quarantine } from './quarantine.ts'
import { putJson, type StagedBars } from './staged.ts'
import { pageJournal } from './vendors/page-journal.ts'

export type ImportWorld = Omit<ConnectorWorld, 'pages' | 'cancelled' | 'asOf'> & { db: Database; objects: ObjectStore }

/** `withheld` lines lie after the last session to release: neither used nor refused. */
export type Imported = { staged: ObjectRef; rows: number; symbols: number; lines: number; quarantined: number; withheld: number }

/**
 * Reads a source, names and quarantines the lines that cannot be trusted, and stages the rest. Every line is accounted
 * for: rows + quarantined + withheld = lines. Doing it again gives the same objects and the same quarantine.
 *
 * @throws QuantloopError source_empty | source_malformed | object_missing | unavailable
 */
export async function importBars(
  world: ImportWorld,
  { syncId, config, asOf, cancelled }: { syncId: string; config: ImportConfig; asOf: string; cancelled: AbortSignal },
): Promise<Imported> {
  const connector = connectorOf(config, { ...world, pages: pageJournal(world, syncId), cancelled, asOf })
  const facts = await connector.facts()
  const quarantine = new Quarantine(world.db, syncId, connector.file)
  const { intake, lines, withheld } = await takeIn(
    connector,
    { through: throughOf(config), latestSession: latestSessionAt(asOf), refuse: admissionOf(facts) },
    quarantine,
    cancelled,
  )
  for (const { line, reason, bar } of intake.contradicted()) await quarantine.add({ line, reason, bar, raw: asText(bar) })
  await quarantine.flush()

  const bars = intake.bars()
  const rows = bars.reduce((sum, { sessions }) => sum + sessions.length, 0)
  if (rows === 0) throw nothingLeft(connector.file, lines, withheld, quarantine)
  const staged = await putJson(world.objects, {
    ...(await stage(world.objects, bars, connector.knownAtBasis, cancelled)),
    ...(await keepFacts(world.objects, facts)),
  })
  return { staged, rows, symbols: bars.length, lines, quarantined: quarantine.count, withheld }
}

type Limits = { through: string | undefined; latestSession: string; refuse: (bar: BarRow) => string | undefined }

async function takeIn(connector: Connector, { through, latestSession, refuse }: Limits, quarantine: Quarantine, cancelled: AbortSignal) {
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
        const reason = refuse(row) ?? intake.offer(row, line)
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
): Promise<Omit<StagedBars, 'given' | 'beside'>> {
  const members = inGroups(bars)
  const parts: StagedBars['parts'] = []
  for await (const bytes of writeBarFiles(members.map((member) => member.bars))) {
    cancelled.throwIfAborted()
    const { group, bars: pieces } = members[parts.length]!
    parts.push({ object: await objects.put(bytes, 'parquet'), group, symbols: pieces.map(({ symbol }) => symbol) })
  }
  return {
    format: 1,
    knownAtBasis,
    groups: groupCount(bars.length),
    lastSession: bars.map(({ sessions }) => sessions.at(-1)!).reduce((a, b) => (a > b ? a : b)),
    rows: bars.reduce((sum, { sessions }) => sum + sessions.length, 0),
    symbols: bars.length,
    parts,
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
