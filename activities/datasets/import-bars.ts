import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { refuseBar } from '#domain/market/bar-rules.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { latestSessionAt } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { admissionOf } from './admission.ts'
import { BarGrouping, type TakenBars } from './bar-grouping.ts'
import { connectorOf, type ImportConfig, throughOf } from './connect.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { keepFacts } from './keep-facts.ts'
import { Quarantine } from './quarantine.ts'
import { putJson, stageBars } from './staged.ts'
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
  const latestSession = latestSessionAt(asOf)
  const admitted = admissionOf(facts)
  const limits = { through: throughOf(config), refuse: (bar: BarRow) => admitted(bar) ?? refuseBar(bar, latestSession) }
  const grouping = await BarGrouping.open(connector.file)
  try {
    const { lines, withheld } = await takeIn(connector, limits, { grouping, quarantine, cancelled })
    const bars = await stageBars(world.objects, trusted(grouping.taken(latestSession), quarantine, cancelled), connector.knownAtBasis)
    await quarantine.flush()
    if (bars === undefined) throw nothingLeft(connector.file, lines, withheld, quarantine)
    const staged = await putJson(world.objects, { ...bars, ...(await keepFacts(world.objects, facts)) })
    return { staged, rows: bars.rows, symbols: bars.symbols, lines, quarantined: quarantine.count, withheld }
  } finally {
    await grouping.close()
  }
}

type Limits = { through: string | undefined; refuse: (bar: BarRow) => string | undefined }
type Intake = { grouping: BarGrouping; quarantine: Quarantine; cancelled: AbortSignal }

/** Reads every line once: what can be judged of it alone is judged, and the rest is grouped by symbol. */
async function takeIn(connector: Connector, { through, refuse }: Limits, { grouping, quarantine, cancelled }: Intake) {
  let lines = 0
  let withheld = 0
  for await (const batch of connector.rows()) {
    cancelled.throwIfAborted()
    for (const source of batch) {
      lines++
      const { line, row } = source
      if ('reason' in row) await quarantine.add({ line, raw: source.raw, reason: row.reason, bar: row })
      else if (through !== undefined && row.session > through) withheld++
      else {
        const reason = refuse(row)
        if (reason === undefined) grouping.add(row, line, source)
        else await quarantine.add({ line, raw: source.raw, reason, bar: row })
      }
    }
    await grouping.settle()
  }
  return { lines, withheld }
}

/** The bars to stage; the lines beside them go into quarantine. */
async function* trusted(taken: AsyncIterable<TakenBars>, quarantine: Quarantine, cancelled: AbortSignal): AsyncGenerator<TakenBars> {
  for await (const bars of taken) {
    cancelled.throwIfAborted()
    for (const line of bars.refused) await quarantine.add(line)
    yield bars
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
