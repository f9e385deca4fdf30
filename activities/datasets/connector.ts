import type { Readable } from 'node:stream'
import type { KnownAtBasis } from '#contracts/datasets.ts'
import type { BarRow, UnreadRow } from '#domain/market/parse-row.ts'

/** One line of a source: a bar in numbers, or the reason why it could not be read. */
export type SourceRow = { line: number; raw: string; row: BarRow | UnreadRow }

/**
 * Where bars come from. A connector delivers the whole of its dataset, in the order of its file or pages: what it no
 * longer delivers is not in the next snapshot. It reads and names; it judges nothing.
 */
export interface Connector {
  /** what messages and quarantined rows call the source */
  readonly file: string
  readonly knownAtBasis: KnownAtBasis
  /** Batches of rows. The same source gives the same rows with the same line numbers on every call. */
  rows(): AsyncIterable<SourceRow[]>
}

/** What connectors may reach. */
export type ConnectorWorld = {
  readUpload(upload: string): Promise<Readable>
  /** the interpreter of the trainer's environment, where the sample's package is installed */
  python: string
}
