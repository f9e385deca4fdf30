import type { ConnectorConfig, KnownAtBasis } from '#contracts/datasets.ts'
import { compareText } from '#domain/market/actions.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { sampleConnector } from './sample-connector.ts'

export type ReplayConfig = Extract<ConnectorConfig, { kind: 'replay' }>

/** Real bars that wait for their release: what a whole source holds, by session. */
export type ReplaySource = {
  /** what messages and quarantined rows call it: the pace is fast, and nobody shall take it for live data */
  file: string
  knownAtBasis: KnownAtBasis
  /** ascending */
  sessions: readonly string[]
  /** the session of each symbol's first bar */
  firstSessions: ReadonlyMap<string, string>
  /** Rows of one session in the order of the source. Lines that name no session were refused by the import of the head. */
  rowsOf(session: string): readonly SourceRow[]
}

let latest: { key: string; source: Promise<ReplaySource> } | undefined

/**
 * The source of a replay. The last one that was read is kept, for the next session will be asked of it soon: the sample is
 * a file of an installed package, which does not change under a running process.
 *
 * @throws QuantloopError not_found
 */
export async function openReplaySource(
  { source: kind }: ReplayConfig,
  symbols: readonly string[],
  world: Pick<ConnectorWorld, 'python'>,
): Promise<ReplaySource> {
  const key = JSON.stringify([kind, world.python, symbols])
  if (latest?.key !== key) latest = { key, source: readSource(sourceOf(kind, symbols, world)) }
  const { source } = latest
  try {
    return await source
  } catch (error) {
    if (latest?.source === source) latest = undefined
    throw error
  }
}

function sourceOf(kind: ReplayConfig['source'], symbols: readonly string[], world: Pick<ConnectorWorld, 'python'>): Connector {
  switch (kind) {
    case 'sample':
      return sampleConnector({ kind, symbols: [...symbols] }, world)
    default:
      return kind satisfies never
  }
}

async function readSource(connector: Connector): Promise<ReplaySource> {
  const bySession = new Map<string, SourceRow[]>()
  const firstSessions = new Map<string, string>()
  for await (const batch of connector.rows())
    for (const { line, raw, row } of batch) {
      if ('reason' in row) continue
      const { symbol, session } = row
      const kept = { line, raw, row: { ...row } }
      const known = bySession.get(session)
      if (known === undefined) bySession.set(session, [kept])
      else known.push(kept)
      const first = firstSessions.get(symbol)
      if (first === undefined || session < first) firstSessions.set(symbol, session)
    }
  return {
    file: `replay of ${connector.file}`,
    knownAtBasis: connector.knownAtBasis,
    sessions: [...bySession.keys()].sort(compareText),
    firstSessions,
    rowsOf: (session) => bySession.get(session) ?? [],
  }
}
