import type { Readable } from 'node:stream'
import type { BesideBars, KnownAtBasis, Universe } from '#contracts/datasets.ts'
import type { UploadRef } from '#contracts/references.ts'
import type { CalendarName } from '#domain/calendar/calendars.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarRow, UnreadRow } from '#domain/market/parse-row.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { PageJournal } from './vendors/page-journal.ts'
import type { Vendors } from './vendors/vendors.ts'
import type { Withdrawals } from './withdrawals.ts'

/**
 * One line of a source: a bar in numbers, or the reason why it could not be read. It holds until the next one is asked for,
 * for most are the same object with other values: what stays of it is copied.
 */
export type SourceRow = { line: number; raw: string; row: BarRow | UnreadRow }

/** What a source says beside its bars. */
export type SourceFacts = {
  /** whose sessions its bars keep; `assumed` when nobody has said so, and then no bar is refused for it */
  calendar: { kind: 'exchange'; name: CalendarName; basis: 'named' | 'assumed' } | { kind: 'own'; sessions: readonly string[] }
  /** the source's own word on all actions of its symbols; absent when it has none, and then they are derived */
  actions?: readonly CorporateAction[]
  universes?: readonly Universe[]
  asFound?: NonNullable<BesideBars['asFound']>
}

/**
 * Where bars come from. A connector delivers the whole of its dataset, in the order of its file or pages: what it no
 * longer delivers is not in the next snapshot. It reads and names; it judges nothing.
 */
export interface Connector {
  /** what messages and quarantined rows call the source */
  readonly file: string
  readonly knownAtBasis: KnownAtBasis
  /** its prices are those that the source has adjusted: it knows of the actions, and raw prices are not told */
  readonly adjusted?: boolean
  /** What messages and quarantined rows call a line, where a source is more than one file. */
  placeOf?(line: number): { file: string; line: number }
  /** Asked once, before the rows: where a listing ends decides which of them belong to it. */
  facts(): Promise<SourceFacts>
  /** Batches of rows, each to be read to its end before the next is asked for. The same source gives the same rows with the same line numbers on every call. */
  rows(): AsyncIterable<Iterable<SourceRow>>
}

/** What connectors may reach. */
export type ConnectorWorld = {
  readUpload(upload: UploadRef): Promise<Readable>
  objects: ObjectStore
  vendors: Vendors
  /** of the sync that asks */
  pages: PageJournal
  /** the interpreter of the trainer's environment, where the sample's package is installed */
  python: string
  /** what becomes of symbols that the source no longer knows */
  withdrawals: Withdrawals
  cancelled: AbortSignal
  /** when the sync began, the same on every try */
  asOf: string
}
