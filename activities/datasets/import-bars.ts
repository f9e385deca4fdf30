import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { refuseBar } from '#domain/market/bar-rules.ts'
import { groupCount } from '#domain/market/chunk-layout.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { latestSessionAt } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { openSnapshot } from '../snapshots/open-snapshot.ts'
import { type GroupedBars, writeChunks } from '../snapshots/write-chunks.ts'
import { admissionOf } from './admission.ts'
import { BarGrouping, type TakenBars } from './bar-grouping.ts'
import { connectorOf, type ImportConfig, throughOf } from './connect.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { Explained } from './explained.ts'
import { keepFacts } from './keep-facts.ts'
import { Quarantine } from './quarantine.ts'
import type { StagedBars } from './staged.ts'
import { pageJournal } from './vendors/page-journal.ts'
import { Withdrawals } from './withdrawals.ts'

export type ImportWorld = Omit<ConnectorWorld, 'pages' | 'withdrawals' | 'cancelled' | 'asOf'> & { db: Database; objects: ObjectStore }

/** `withheld` lines lie after the last session to release: neither used nor refused. `withdrawn` are symbols that the source forgot. */
export type Imported = {
  staged: ObjectRef
  rows: number
  symbols: number
  lines: number
  quarantined: number
  withheld: number
  withdrawn: string[]
}

/** `parent` is the manifest of the dataset's head: its chunks that are still true are listed again, and not stored again. */
export type Import = { syncId: string; config: ImportConfig; asOf: string; parent: ObjectRef | null; cancelled: AbortSignal }

/**
 * Reads a source, names and quarantines the lines that cannot be trusted, and stores the rest as the chunks of a snapshot.
 * Every line is accounted for: rows + quarantined + withheld = lines. Doing it again gives the same objects and the same
 * quarantine.
 *
 * @throws QuantloopError source_empty | source_malformed | object_missing | object_corrupt | unavailable
 */
export async function importBars(world: ImportWorld, { syncId, config, asOf, parent, cancelled }: Import): Promise<Imported> {
  const { objects } = world
  const earlier = parent === null ? undefined : await openSnapshot(objects, parent)
  const withdrawals = new Withdrawals(earlier)
  const connector = connectorOf(config, { ...world, pages: pageJournal(world, syncId), withdrawals, cancelled, asOf })
  const facts = await connector.facts()
  const quarantine = new Quarantine(world.db, syncId, connector)
  const latestSession = latestSessionAt(asOf)
  const admitted = admissionOf(facts)
  const limits = { through: throughOf(config), refuse: (bar: BarRow) => admitted(bar) ?? refuseBar(bar, latestSession) }
  const grouping = await BarGrouping.open(connector)
  try {
    const { lines, withheld } = await takeIn(connector, limits, { grouping, quarantine, withdrawals, cancelled })
    const { symbols, lastSession } = await grouping.extent(latestSession)
    const { knownAtBasis } = connector
    const explained = new Explained(withdrawals.actions(facts.actions), connector)
    // what is cut into chunks depends on all symbols and on the last session of all
    const taken = trusted(grouping.taken(latestSession, groupCount(symbols)), { explained, quarantine, cancelled })
    const chunks = await writeChunks(objects, taken, { lastSession: lastSession ?? latestSession, earlier, cancelled })
    await quarantine.flush()
    if (lastSession === undefined) throw nothingLeft(connector.file, lines, withheld, quarantine)
    const { symbols: described, actions, jumps } = explained
    const beside = await keepFacts(objects, facts)
    const bars: StagedBars = { format: 3, knownAtBasis, lastSession, symbols: described, chunks, actions, jumps, beside }
    const rows = described.reduce((sum, symbol) => sum + symbol.rows, 0)
    return {
      staged: await putJson(objects, bars),
      rows,
      symbols,
      lines,
      quarantined: quarantine.count,
      withheld,
      withdrawn: withdrawals.symbols,
    }
  } finally {
    await grouping.close()
  }
}

type Limits = { through: string | undefined; refuse: (bar: BarRow) => string | undefined }
type Intake = { grouping: BarGrouping; quarantine: Quarantine; withdrawals: Withdrawals; cancelled: AbortSignal }

/** Reads every line once: what can be judged of it alone is judged, and the rest is grouped by symbol. */
async function takeIn(connector: Connector, { through, refuse }: Limits, { grouping, quarantine, withdrawals, cancelled }: Intake) {
  let lines = 0
  let withheld = 0
  const rows = async function* () {
    yield* connector.rows()
    yield* withdrawals.rows(lines)
  }
  for await (const batch of rows()) {
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

type Trust = { explained: Explained; quarantine: Quarantine; cancelled: AbortSignal }

/** The bars to store, each symbol looked at as it passes; the lines beside them go into quarantine. */
async function* trusted(taken: AsyncIterable<TakenBars>, { explained, quarantine, cancelled }: Trust): AsyncGenerator<GroupedBars> {
  for await (const { group, symbols, refused } of taken) {
    cancelled.throwIfAborted()
    for (const line of refused) await quarantine.add(line)
    for (const bars of symbols) explained.look(bars)
    yield { group, symbols }
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
