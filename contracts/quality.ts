/** The quality report of a snapshot, as it is stored and answered: what a person should know of the bars before using them. */
import { z } from 'zod'
import { KnownAtBasis } from './datasets.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { Name, Session, Ticker } from './words.ts'

const count = z.int().nonnegative()
const Month = z.string().regex(/^\d{4}-\d{2}$/)
const listed = <T extends z.ZodType>(item: T) => z.strictObject({ total: count, shown: z.array(item) })

/** `critical`: figures made from the bars may be wrong; `warning`: look before use; `info`: so it is. */
export const QualitySeverity = z.enum(['critical', 'warning', 'info'])

export const QualityFinding = z.strictObject({
  severity: QualitySeverity,
  kind: z.enum([
    'contradictory-bars',
    'price-reversals',
    'unusable-actions',
    'gaps',
    'off-calendar',
    'quarantine',
    'unexplained-moves',
    'adjusted-close',
    'stale-prices',
    'spikes',
    'ended',
    'withdrawn',
    'zero-volume',
    'explained-jumps',
    'own-calendar',
  ]),
  count,
  text: z.string(),
})

const run = { from: Session, to: Session, sessions: z.int().positive() }

const MonthCount = z.strictObject({ month: Month, expected: count, present: count })

export const SymbolQuality = z.strictObject({
  symbol: Ticker,
  firstSession: Session,
  lastSession: Session,
  status: z.enum(['listed', 'delisted', 'renamed', 'ended']),
  rows: count,
  expected: count,
  missing: count,
  gaps: count,
  offCalendar: count,
  staleSessions: count,
  zeroVolumeSessions: count,
  oddBars: count,
  largestZ: z.number().nullable(),
  incomplete: z.array(MonthCount),
})
export type SymbolQuality = z.infer<typeof SymbolQuality>

/** `shown` of each list are the worst, worst first. Equal bars, actions and refused rows give equal reports. */
export const QualityReport = z.strictObject({
  format: z.literal(1),
  engineVersion: z.string(),
  snapshotId: Sha256,
  knownAtBasis: KnownAtBasis,
  firstSession: Session,
  lastSession: Session,
  rows: count,
  actions: count,
  calendar: z.strictObject({ name: z.string(), basis: z.enum(['exchange', 'own']) }),
  sessions: count,
  expected: count,
  present: count,
  thresholds: z.strictObject({
    staleSessions: z.number(),
    outlierZ: z.number(),
    outlierReturns: z.number(),
    splitSizedLog: z.number(),
    reversalPart: z.number(),
    disagreementLog: z.number(),
    longGapSessions: z.number(),
  }),
  findings: z.array(QualityFinding),
  months: z.array(MonthCount.extend({ listed: count })),
  symbols: z.array(SymbolQuality),
  gaps: listed(z.strictObject({ symbol: Ticker, ...run })),
  stale: listed(z.strictObject({ symbol: Ticker, ...run, close: z.number(), volume: z.number() })),
  zeroVolume: listed(z.strictObject({ symbol: Ticker, rows: count, sessions: count, longest: z.strictObject(run) })),
  moves: listed(
    z.strictObject({
      symbol: Ticker,
      session: Session,
      previousClose: z.number(),
      close: z.number(),
      change: z.number(),
      z: z.number().nullable(),
      splitSized: z.boolean(),
      explainedBy: z.enum(['action', 'adjusted-close', 'adjusted-prices', 'approval']).nullable(),
      reverses: z.boolean(),
    }),
  ),
  tally: z.strictObject({
    reversals: count,
    unexplained: count,
    unexplainedJumps: count,
    explainedJumps: z.strictObject({ action: count, 'adjusted-close': count, 'adjusted-prices': count, approval: count }),
    contradictoryBars: count,
    spikes: count,
  }),
  shapes: listed(
    z.strictObject({
      symbol: Ticker,
      session: Session,
      kind: z.enum(['contradictory', 'spike-up', 'spike-down']),
      open: z.number(),
      high: z.number(),
      low: z.number(),
      close: z.number(),
      beyond: z.number(),
    }),
  ),
  disagreements: listed(z.strictObject({ symbol: Ticker, session: Session, ours: z.number(), vendors: z.number() })),
  quarantine: z.strictObject({
    rows: count,
    reasons: z.array(
      z.strictObject({
        reason: z.string(),
        rows: z.int().positive(),
        example: z.strictObject({ file: z.string(), line: z.int().positive(), reason: z.string(), raw: z.string() }),
      }),
    ),
  }),
  /** symbols that the source no longer knew when the snapshot was made: their bars are those of the one before */
  withdrawn: z.array(Ticker).readonly(),
})
export type QualityReport = z.infer<typeof QualityReport>

/** Input of `examineQuality`. */
export const ExamineQualityInput = z.strictObject({ dataset: Name, snapshotId: Sha256 })
export type ExamineQualityInput = z.infer<typeof ExamineQualityInput>

/** What `examineQuality` answers: `report` is a QualityReport. */
export const ExamineQualityResult = z.strictObject({ report: ObjectRef })
export type ExamineQualityResult = z.infer<typeof ExamineQualityResult>
