/** Snapshots as versions: how they are named, marked, compared, exported and verified. */
import { z } from 'zod'
import { CorporateAction, KnownAtBasis } from './datasets.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { Id, Line, Name, Session, Ticker, Timestamp } from './words.ts'

/** A name that a person gives to a snapshot. It must read as nothing else that names one. */
export const TagName = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, dots, dashes and underscores, starting with a letter, at most 63')
  .refine((name) => name !== 'head', '`head` is the newest snapshot already')
  .refine((name) => !/^[0-9a-f]{7,}$/.test(name), 'this reads as the first digits of a snapshot’s id')
export type TagName = z.infer<typeof TagName>

/** How a request names a snapshot of a dataset: its id or the first digits of it, a tag, `head`, or `head~2`: what was head two moves ago. */
export const SnapshotReference = z
  .string()
  .regex(/^(?:head(?:~\d{1,4})?|[0-9a-f]{7,64}|[a-z][a-z0-9._-]{0,62})$/, 'an id or at least 7 digits of it, a tag, `head` or `head~N`')
export type SnapshotReference = z.infer<typeof SnapshotReference>

export const SnapshotTag = z.strictObject({ dataset: Name, name: TagName, snapshotId: Sha256, taggedBy: z.string(), taggedAt: Timestamp })
export type SnapshotTag = z.infer<typeof SnapshotTag>

/** One move of a dataset's head. `sequence` counts them from 1. */
export const HeadMove = z.strictObject({
  sequence: z.int().positive(),
  snapshotId: Sha256,
  kind: z.enum(['land', 'roll-back']),
  by: z.string(),
  at: Timestamp,
})
export type HeadMove = z.infer<typeof HeadMove>

export const TagRequest = z.strictObject({ snapshot: SnapshotReference, reason: Line.max(500).optional() })
export type TagRequest = z.infer<typeof TagRequest>

/** An empty note removes it. */
export const NoteRequest = z.strictObject({ note: Line.max(2_000) })
export type NoteRequest = z.infer<typeof NoteRequest>

/** `from` is the head that the caller has seen: another one by now refuses the request. */
export const RollBackDatasetRequest = z.strictObject({
  to: SnapshotReference,
  from: SnapshotReference.optional(),
  reason: Line.max(500).optional(),
})
export type RollBackDatasetRequest = z.infer<typeof RollBackDatasetRequest>

export const RolledBackDataset = z.strictObject({ dataset: Name, from: Sha256, to: Sha256, lastSession: Session })
export type RolledBackDataset = z.infer<typeof RolledBackDataset>

/** Where a snapshot came from, and everything that was made of it. */
export const Lineage = z.strictObject({
  dataset: Name,
  snapshotId: Sha256,
  parentId: Sha256.nullable(),
  tags: z.array(z.string()),
  note: z.string().nullable(),
  collectedAt: Timestamp.nullable(),
  sync: z.strictObject({ id: Id, connector: z.string(), requestedBy: z.string(), startedAt: Timestamp, quarantined: z.int() }).nullable(),
  /** the raw answers of a vendor that the sync was made of */
  pages: z.array(z.strictObject({ page: z.string(), address: z.string(), sha256: Sha256 })),
  /** `universe` is null of all symbols */
  builds: z.array(
    z.strictObject({ id: Sha256, featureSet: z.string(), universe: z.string().nullable(), state: z.string(), startedAt: Timestamp }),
  ),
  trainingRuns: z.array(z.strictObject({ id: Id, modelName: z.string(), modelVersion: z.int().nullable(), state: z.string() })),
  modelVersions: z.array(
    z.strictObject({
      name: z.string(),
      version: z.int(),
      stage: z.string(),
      /** answers of this version, whatever snapshot their features came from */
      predictions: z.int(),
    }),
  ),
  /** answers that were made from features of this snapshot, by the endpoint that gave them */
  predictions: z.array(z.strictObject({ endpoint: z.string(), count: z.int() })),
  /** comparisons with others, exports and verifications of it */
  inspections: z.array(
    z.strictObject({
      id: Id,
      kind: z.enum(['comparison', 'export', 'verification']),
      state: z.enum(['done', 'failed', 'stopped']),
      requestedBy: z.string(),
      endedAt: Timestamp,
      sha256: Sha256.nullable(),
    }),
  ),
})
export type Lineage = z.infer<typeof Lineage>

/** A snapshot as it is handed to a worker. */
const Subject = z.strictObject({ dataset: Name, snapshotId: Sha256 })

export const CompareRequest = z.strictObject({ dataset: Name, before: SnapshotReference, after: SnapshotReference })
export type CompareRequest = z.infer<typeof CompareRequest>

export const CompareInput = z.strictObject({ comparisonId: Id, before: Subject, after: Subject, by: z.string() })
export type CompareInput = z.infer<typeof CompareInput>

/** The columns of a bar that a comparison looks at. `knownAt` counts where it was observed. */
export const barColumns = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose', 'knownAt'] as const

const Value = z.union([z.number(), z.string()]).nullable()
const Values = z.partialRecord(z.enum(barColumns), z.strictObject({ before: Value, after: Value }))

export const BarChange = z.strictObject({
  symbol: Ticker,
  session: Session,
  kind: z.enum(['added', 'removed', 'revised']),
  /** of a revised bar, the columns that differ; null is no value */
  values: Values,
})
export type BarChange = z.infer<typeof BarChange>

const Tally = { added: z.int(), removed: z.int(), revised: z.int() }

export const Comparison = z.strictObject({
  format: z.literal(1),
  before: Subject.extend({ rows: z.int(), firstSession: Session, lastSession: Session, knownAtBasis: KnownAtBasis }),
  after: Subject.extend({ rows: z.int(), firstSession: Session, lastSession: Session, knownAtBasis: KnownAtBasis }),
  bars: z.strictObject(Tally),
  symbols: z.strictObject({ added: z.array(Ticker), removed: z.array(Ticker) }),
  sessions: z.strictObject({ added: z.array(Session), removed: z.array(Session) }),
  /** one row a symbol that has a change */
  bySymbol: z.array(z.strictObject({ symbol: Ticker, ...Tally })),
  bySession: z.array(z.strictObject({ session: Session, ...Tally })),
  actions: z.strictObject({
    added: z.array(CorporateAction),
    removed: z.array(CorporateAction),
    changed: z.array(z.strictObject({ before: CorporateAction, after: CorporateAction })),
  }),
  /** by symbol and session: all of them, or as many as `listed` says */
  changes: z.array(BarChange),
  listed: z.strictObject({ complete: z.boolean(), most: z.int() }),
  /** chunks that only one side lists, which alone were read, of all that both list */
  read: z.strictObject({ chunks: z.int(), ofChunks: z.int(), bytes: z.int(), ofBytes: z.int() }),
})
export type Comparison = z.infer<typeof Comparison>

/** A comparison under the id by which its picture is asked for. */
export const ComparisonAnswer = Comparison.extend({ id: Id })
export type ComparisonAnswer = z.infer<typeof ComparisonAnswer>

/** `qlib` is a tar of a Qlib folder. */
export const ExportFormat = z.enum(['csv', 'parquet', 'qlib'])
export type ExportFormat = z.infer<typeof ExportFormat>

/** What of a snapshot is written. `adjusted` prices are times their factor, and the factor stands beside them. */
const Prices = z.enum(['raw', 'adjusted'])
const Cut = {
  format: ExportFormat,
  prices: Prices,
  symbols: z.array(Ticker).min(1).max(5_000).optional(),
  from: Session.optional(),
  to: Session.optional(),
}

export const ExportRequest = z
  .strictObject({
    dataset: Name,
    snapshot: SnapshotReference.default('head'),
    ...Cut,
    prices: Prices.default('raw'),
  })
  .refine(
    ({ format, prices, symbols, from, to }) =>
      format !== 'qlib' || (prices === 'raw' && [symbols, from, to].every((cut) => cut === undefined)),
    {
      message: 'a Qlib folder is written whole, with its prices as Qlib keeps them: leave out prices, symbols, from and to',
    },
  )
export type ExportRequest = z.infer<typeof ExportRequest>

export const ExportInput = z.strictObject({ exportId: Id, dataset: Name, snapshotId: Sha256, ...Cut, by: z.string() })
export type ExportInput = z.infer<typeof ExportInput>

export const ExportResult = z.strictObject({
  object: ObjectRef,
  rows: z.int().nonnegative(),
  symbols: z.int().nonnegative(),
  /** what the file lacks of the snapshot: empty when importing it gives the identical id */
  lacks: z.array(z.string()),
})
export type ExportResult = z.infer<typeof ExportResult>

/** Work on snapshots that takes a while: how it stands, as Temporal tells. Once it has ended it leaves a row. */
export const inspection = <T extends z.ZodType>(result: T) =>
  z.strictObject({
    id: Id,
    state: z.enum(['running', 'done', 'failed', 'stopped']),
    failure: z.string().nullable(),
    startedAt: Timestamp,
    result: result.nullable(),
  })

/** `url` is where the file may be read for a limited time. */
export const SnapshotExport = inspection(ExportResult.extend({ url: z.url() }))
export type SnapshotExport = z.infer<typeof SnapshotExport>

/** Without a dataset every snapshot is verified; without a snapshot every one of the dataset. */
export const VerifyRequest = z
  .strictObject({ dataset: Name.optional(), snapshot: SnapshotReference.optional(), repair: z.boolean().default(false) })
  .refine(({ dataset, snapshot }) => snapshot === undefined || dataset !== undefined, 'a snapshot is named within a dataset')
export type VerifyRequest = z.infer<typeof VerifyRequest>

export const VerifyInput = z.strictObject({
  verificationId: Id,
  dataset: Name.optional(),
  snapshotId: Sha256.optional(),
  repair: z.boolean(),
  by: z.string(),
})
export type VerifyInput = z.infer<typeof VerifyInput>

/**
 * A damaged or missing object (`beside`: what a source said next to its bars), or a `content` that sound objects do not
 * give: an id, a count or a hash. `symbols` are those that need it.
 */
export const Damage = z.strictObject({
  what: z.enum(['manifest', 'chunk', 'beside', 'content']),
  name: z.string(),
  fault: z.string(),
  symbols: z.array(Ticker),
  repaired: z.boolean(),
})
export type Damage = z.infer<typeof Damage>

export const VerifyResult = z.strictObject({
  sound: z.boolean(),
  snapshots: z.array(
    z.strictObject({ dataset: Name, snapshotId: Sha256, rows: z.int(), chunks: z.int(), sound: z.boolean(), damage: z.array(Damage) }),
  ),
  objects: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** whether there is a second copy to repair from, and how many objects it lacked and was given */
  secondCopy: z.boolean(),
  copied: z.int().nonnegative(),
})
export type VerifyResult = z.infer<typeof VerifyResult>

export const Verification = inspection(VerifyResult)
export type Verification = z.infer<typeof Verification>

export const InspectionEnd = z.enum(['done', 'failed', 'stopped'])
export type InspectionEnd = z.infer<typeof InspectionEnd>

/** Why something failed: a code of ours, and what its message said. */
export const Failure = z.strictObject({ code: z.string(), message: z.string() })
export type Failure = z.infer<typeof Failure>

/** What was looked at in snapshots and has ended, as its row tells; `dataset` is null where it was all of them. */
const inspected = <T extends z.ZodType>(result: T) =>
  z.strictObject({
    id: Id,
    dataset: Name.nullable(),
    /** those that there were, or that were asked for: of a comparison before and after */
    snapshotIds: z.array(Sha256),
    state: InspectionEnd,
    /** of what failed */
    failure: Failure.nullable(),
    /** of what is done */
    result: result.nullable(),
    requestedBy: z.string(),
    startedAt: Timestamp,
    endedAt: Timestamp,
  })

/** How much differs; `object` holds what. */
export const ComparisonSummary = z.strictObject({
  bars: z.strictObject(Tally),
  symbols: z.strictObject({ added: z.int(), removed: z.int() }),
  actions: z.strictObject({ added: z.int(), removed: z.int(), changed: z.int() }),
  object: ObjectRef,
})
export const ComparisonRecord = inspected(ComparisonSummary)
export type ComparisonRecord = z.infer<typeof ComparisonRecord>

/** The file, and what was asked to be in it. */
export const ExportSummary = ExportResult.extend({ asked: z.strictObject(Cut) })
export const ExportRecord = inspected(ExportSummary)
export type ExportRecord = z.infer<typeof ExportRecord>

export const VerificationRecord = inspected(VerifyResult)
export type VerificationRecord = z.infer<typeof VerificationRecord>

export const InspectionKind = z.enum(['comparison', 'export', 'verification'])
export type InspectionKind = z.infer<typeof InspectionKind>

/** A comparison, an export or a verification that failed or was stopped, and what it was to look into. */
export type UndoneInspection = {
  kind: InspectionKind
  id: string
  dataset: string | null
  snapshotIds: string[]
  state: Exclude<InspectionEnd, 'done'>
  failure: Failure | null
  requestedBy: string
  startedAt: string
}

/** By kind, what came of it. */
export type InspectionResults = {
  comparison: z.infer<typeof ComparisonSummary>
  export: z.infer<typeof ExportSummary>
  verification: VerifyResult
}
