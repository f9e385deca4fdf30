import type { KnownAtBasis } from '../market/snapshot-identity.ts'
import type { BarShape } from './bar-shapes.ts'
import type { Gap, MonthCount } from './coverage.ts'
import type { Disagreement } from './disagreements.ts'
import type { Move } from './moves.ts'
import type { StaleRun, ZeroVolume } from './stale-runs.ts'
import type { thresholds } from './thresholds.ts'
import type { Listed } from './worst.ts'

/** One reason why rows were refused, its own figures left out, with the first row that had it. */
export type QuarantineReason = { reason: string; rows: number; example: { file: string; line: number; reason: string; raw: string } }

export type Quarantined = { rows: number; reasons: QuarantineReason[] }

export type SymbolQuality = {
  symbol: string
  firstSession: string
  lastSession: string
  /** `ended`: its last bar is before the snapshot's last session, and no action says why */
  status: 'listed' | 'delisted' | 'renamed' | 'ended'
  rows: number
  /** sessions of its span */
  expected: number
  missing: number
  gaps: number
  offCalendar: number
  staleSessions: number
  zeroVolumeSessions: number
  oddBars: number
  largestZ: number | null
  /** months of the span that are not full, ascending */
  incomplete: MonthCount[]
}

/** Counts by kind, of all and not of the listed alone. */
export type Tally = {
  /** moves that the next session took back, others that nothing explains, and which of these are split-sized */
  reversals: number
  unexplained: number
  unexplainedJumps: number
  /** of other split-sized moves, by what says that they are real */
  explainedJumps: { action: number; 'adjusted-close': number; 'adjusted-prices': number; approval: number }
  contradictoryBars: number
  spikes: number
}

export type Severity = 'critical' | 'warning' | 'info'

export type Finding = {
  severity: Severity
  kind:
    | 'contradictory-bars'
    | 'price-reversals'
    | 'unusable-actions'
    | 'gaps'
    | 'off-calendar'
    | 'quarantine'
    | 'unexplained-moves'
    | 'adjusted-close'
    | 'stale-prices'
    | 'spikes'
    | 'ended'
    | 'withdrawn'
    | 'zero-volume'
    | 'explained-jumps'
    | 'own-calendar'
  /** things of the kind */
  count: number
  text: string
}

/** In the shape of the contract of the same name. Equal bars, actions and refused rows give equal reports. */
export type QualityReport = {
  format: 1
  engineVersion: string
  snapshotId: string
  knownAtBasis: KnownAtBasis
  firstSession: string
  lastSession: string
  rows: number
  actions: number
  calendar: { name: string; basis: 'exchange' | 'own' }
  /** expected sessions from first to last */
  sessions: number
  /** bars expected within the symbols' spans, and those that are there */
  expected: number
  present: number
  thresholds: typeof thresholds
  /** worst first */
  findings: Finding[]
  /** over all symbols listed then */
  months: (MonthCount & { listed: number })[]
  symbols: SymbolQuality[]
  gaps: Listed<Gap>
  stale: Listed<StaleRun>
  zeroVolume: Listed<ZeroVolume>
  moves: Listed<Move>
  tally: Tally
  shapes: Listed<BarShape>
  disagreements: Listed<Disagreement>
  quarantine: Quarantined
  /** symbols that the source no longer knew when the snapshot was made, ascending: their bars are those of the one before */
  withdrawn: readonly string[]
}
