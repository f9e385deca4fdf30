import { z } from 'zod'
import { calendarNames } from '#domain/calendar/calendars.ts'
import { ObjectRef, Sha256, UploadRef } from './references.ts'
import { Id, Line, Name, RequestOrigin, Session, Ticker, Timestamp } from './words.ts'

/** How we know when a bar became known: seen by us as it landed, or assumed (sample data, back-fills). */
export const KnownAtBasis = z.enum(['observed', 'assumed'])
export type KnownAtBasis = z.infer<typeof KnownAtBasis>

/** One symbol, one session, raw. `adjustedClose` is the vendor's, kept as a check and never used as a price. */
export const Bar = z.strictObject({
  symbol: Ticker,
  session: Session,
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number(),
  /** the volume-weighted average price, where the source has it */
  vwap: z.number().optional(),
  adjustedClose: z.number().optional(),
  knownAt: Timestamp,
})
export type Bar = z.infer<typeof Bar>

/** An event between bars. A split's ratio is new shares for one old (2 for two-for-one); a dividend's cash is per share. */
export const CorporateAction = z.strictObject({
  symbol: Ticker,
  exDate: Session,
  kind: z.enum(['split', 'dividend', 'rename', 'delisting']),
  ratio: z.number().positive().optional(),
  cash: z.number().positive().optional(),
  /** the ticker that a renamed company trades under from then on */
  to: Ticker.optional(),
  /** of a delisted share, from its last close to what its holder received: −1 when nothing was left */
  return: z.number().min(-1).optional(),
  knownAt: Timestamp,
  /** given by the source, or derived by us from its adjusted close */
  basis: z.enum(['given', 'derived']),
})
export type CorporateAction = z.infer<typeof CorporateAction>

export const CalendarName = z.enum(calendarNames)
export type CalendarName = z.infer<typeof CalendarName>

/** `packed` says that the upload is a tar of a folder of such files, read one after the other in the order of their names. */
const packed = { packed: z.literal('tar').optional() }

/** What a file of bars may name beside itself: the exchange whose sessions it keeps, actions and universes in files of their own. */
const besideFile = { calendar: CalendarName.optional(), actions: UploadRef.optional(), universes: UploadRef.optional() }

/** What a vendor is asked for. The whole range is asked for at each sync, so that what the vendor has revised since is seen. */
const asked = { symbols: z.array(Ticker).min(1).max(5000), from: Session, through: Session.optional() }

/** Where bars come from. `through` is the last session to release; later ones stay for replay. */
export const ConnectorConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sample'), symbols: z.array(Ticker).min(1).max(5000).optional(), through: Session.optional() }),
  z.strictObject({
    kind: z.literal('csv'),
    upload: UploadRef,
    /** the name the client's file had, for error messages only */
    filename: Line.min(1).max(255),
    through: Session.optional(),
    ...packed,
    ...besideFile,
  }),
  z.strictObject({
    kind: z.literal('parquet'),
    upload: UploadRef,
    filename: Line.min(1).max(255),
    through: Session.optional(),
    ...packed,
    ...besideFile,
  }),
  /** A folder of Qlib's binary files in a tar, taken as found: its own calendar, gaps, late listings, and its own adjustment. */
  z.strictObject({ kind: z.literal('qlib'), upload: UploadRef, filename: Line.min(1).max(255) }),
  /** Unofficial: what Yahoo's own pages ask for. */
  z.strictObject({ kind: z.literal('yahoo'), ...asked, calendar: CalendarName.optional() }),
  z.strictObject({ kind: z.literal('alpaca'), ...asked, feed: z.enum(['sip', 'iex']).optional() }),
  /** A-shares, by the Python package of that name. */
  z.strictObject({ kind: z.literal('akshare'), ...asked }),
  /** Real bars at a fast pace: each sync releases the one session after the head, from a source that holds later ones. */
  z.strictObject({
    kind: z.literal('replay'),
    source: z.literal('sample'),
    symbols: z.array(Ticker).min(1).max(5000).optional(),
    through: Session.optional(),
  }),
])
export type ConnectorConfig = z.infer<typeof ConnectorConfig>

/** Input of `syncMarketData`. */
export const SyncInput = z.strictObject({ syncId: Id, dataset: Name, connector: ConnectorConfig, origin: RequestOrigin })
export type SyncInput = z.infer<typeof SyncInput>

export const SyncState = z.enum([
  'running',
  'pausing',
  'paused',
  'held',
  'stopping',
  'landed',
  'unchanged',
  'rejected',
  'failed',
  'stopped',
])
export type SyncState = z.infer<typeof SyncState>

/** A fall or rise that looks like a split and that no action explains; `clearedBy` says what showed that it was real. */
export const PriceJump = z.strictObject({
  symbol: Ticker,
  session: Session,
  previousClose: z.number(),
  close: z.number(),
  /** close / previousClose − 1 */
  change: z.number(),
  /** days without a bar before it, where there were more than a year of them: another company may have taken the ticker */
  gapDays: z.int().positive().optional(),
  /** the vendor's adjusted close beside raw prices, prices that are the source's own adjusted ones, or a person */
  clearedBy: z.enum(['adjusted-close', 'adjusted-prices', 'approval']).optional(),
})
export type PriceJump = z.infer<typeof PriceJump>

export const QuarantinedRow = z.strictObject({
  file: z.string(),
  line: z.int().positive(),
  reason: z.string(),
  symbol: z.string().optional(),
  session: z.string().optional(),
  raw: z.string(),
})
export type QuarantinedRow = z.infer<typeof QuarantinedRow>

export const SyncResult = z.strictObject({
  syncId: Id,
  state: SyncState,
  snapshotId: Sha256.optional(),
  rows: z.int().nonnegative(),
  symbols: z.int().nonnegative(),
  quarantined: z.int().nonnegative(),
  jumps: z.array(PriceJump),
})
export type SyncResult = z.infer<typeof SyncResult>

/** A chunk holds whole rows of a range of sessions for some symbols, as Parquet in the columns of `Bar`: `vwap` only where one has it. */
export const SnapshotChunk = z.strictObject({
  object: ObjectRef,
  rows: z.int().positive(),
  symbols: z.array(Ticker).min(1),
  firstSession: Session,
  lastSession: Session,
  /**
   * The hashes of the raw bars of each month from the first session's to the last's, 22 characters each (128 bits of SHA-256
   * in base64url): what a feature build must know of them to tell which of its shards are there already. Absent in the
   * first manifests.
   */
  months: z
    .string()
    .regex(/^([A-Za-z0-9_-]{22})+$/)
    .optional(),
  /** that some of its bars have one */
  vwap: z.literal(true).optional(),
})
export type SnapshotChunk = z.infer<typeof SnapshotChunk>

/** The days on which a dataset's bars may lie. An exchange that nobody named is `assumed`, and refuses no bar. */
export const DatasetCalendar = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exchange'), name: CalendarName, basis: z.enum(['named', 'assumed']) }),
  /** `sessions` is a JSON list of the source's own */
  z.strictObject({ kind: z.literal('own'), sessions: ObjectRef }),
])
export type DatasetCalendar = z.infer<typeof DatasetCalendar>

/** A name that a source gives to a set of symbols: `csi300`. */
export const UniverseName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits and . _ -, at most 63')

/** Which symbols belong on which sessions, both ends included. */
export const Universe = z.strictObject({
  name: UniverseName,
  spans: z.array(z.strictObject({ symbol: Ticker, from: Session, to: Session })),
})
export type Universe = z.infer<typeof Universe>

/** What a snapshot holds beside bars and actions. */
export const BesideBars = z.strictObject({
  calendar: DatasetCalendar,
  /** a JSON list of `Universe`s */
  universes: ObjectRef.optional(),
  /** what of a Qlib folder bars, calendar and universes do not say: see activities/datasets/qlib/as-found.ts */
  asFound: z.strictObject({ index: ObjectRef, parts: z.array(ObjectRef) }).optional(),
})
export type BesideBars = z.infer<typeof BesideBars>

/**
 * The manifest of an immutable version of a dataset. `id` is the SHA-256 of the canonical column values by symbol and
 * session, of the actions and of the observed `knownAt`s: the layout of the chunks does not change it.
 */
export const SnapshotManifest = z.strictObject({
  format: z.literal(1),
  id: Sha256,
  knownAtBasis: KnownAtBasis,
  rows: z.int().positive(),
  firstSession: Session,
  lastSession: Session,
  symbols: z.array(
    z.strictObject({
      symbol: Ticker,
      rows: z.int().positive(),
      firstSession: Session,
      lastSession: Session,
      /** hash of this symbol's canonical values and actions: what a cached feature column reads */
      contentSha256: Sha256,
    }),
  ),
  chunks: z.array(SnapshotChunk).min(1),
  actions: z.array(CorporateAction),
  clearedJumps: z.array(PriceJump),
  /** absent in the first manifests: XNYS, assumed, and nothing else */
  beside: BesideBars.optional(),
})
export type SnapshotManifest = z.infer<typeof SnapshotManifest>

// What the API answers.

export const Dataset = z.strictObject({
  name: Name,
  connector: ConnectorConfig,
  headSnapshotId: Sha256.nullable(),
  lastSession: Session.nullable(),
  createdAt: Timestamp,
})
export type Dataset = z.infer<typeof Dataset>

export const Sync = z.strictObject({
  id: Id,
  dataset: Name,
  connector: ConnectorConfig,
  state: SyncState,
  step: z.string(),
  rows: z.int().nonnegative(),
  symbols: z.int().nonnegative(),
  quarantined: z.int().nonnegative(),
  jumps: z.array(PriceJump),
  /** symbols that the source no longer knows: their bars are those of the snapshot before */
  withdrawn: z.array(Ticker),
  snapshotId: Sha256.nullable(),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Sync = z.infer<typeof Sync>

export const Snapshot = z.strictObject({
  id: Sha256,
  dataset: Name,
  manifest: ObjectRef,
  rows: z.int(),
  symbols: z.int(),
  firstSession: Session,
  lastSession: Session,
  knownAtBasis: KnownAtBasis,
  /** columns of its bars that not every source has: vwap */
  optionalColumns: z.array(z.string()),
  actions: z.int(),
  /** the head that it landed on */
  parentId: Sha256.nullable(),
  tags: z.array(z.string()),
  note: z.string().nullable(),
  createdAt: Timestamp,
  /** since then its content is gone: garbage collection found nothing that needed it */
  collectedAt: Timestamp.nullable(),
})
export type Snapshot = z.infer<typeof Snapshot>
