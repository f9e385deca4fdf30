/**
 * Examines a snapshot symbol by symbol. What is kept of a symbol is one bit a day, a summary, and its part of the lists of
 * the worst, so that memory is about a kilobyte a symbol and does not grow with the rows.
 */
import { compareText, type CorporateAction } from '../market/actions.ts'
import type { BarColumns } from '../market/bars.ts'
import type { PriceJump } from '../market/price-jumps.ts'
import { dayOf, sessionOf } from '../market/session-days.ts'
import type { KnownAtBasis } from '../market/snapshot-identity.ts'
import type { BarShape } from './bar-shapes.ts'
import { coverageOf, type Gap, type MonthCount } from './coverage.ts'
import { DaySet } from './day-set.ts'
import type { Disagreement } from './disagreements.ts'
import { examineSymbol, type ExaminedSymbol } from './examine-symbol.ts'
import { type DayCount, expectedSessions, type KnownCalendar } from './expected-sessions.ts'
import { findingsOf } from './findings.ts'
import { compareMoves, isReversal, type Move } from './moves.ts'
import type { Quarantined, QualityReport, SymbolQuality, Tally } from './quality-report.ts'
import type { StaleRun, ZeroVolume } from './stale-runs.ts'
import { mostListed, thresholds } from './thresholds.ts'
import { Worst } from './worst.ts'

/** Rises whenever the same snapshot may get another report. */
export const qualityEngineVersion = '2'

export type Examined = {
  snapshotId: string
  knownAtBasis: KnownAtBasis
  firstSession: string
  lastSession: string
  actions: number
  clearedJumps: readonly PriceJump[]
}

type Kept = Pick<ExaminedSymbol, 'largestZ' | 'status' | 'unusableActions'> & {
  symbol: string
  firstDay: number
  lastDay: number
  firstSession: string
  lastSession: string
  rows: number
  days: DaySet
  staleSessions: number
  zeroVolumeSessions: number
  oddBars: number
}

export class SnapshotExamination {
  private readonly snapshot: Examined
  private readonly firstDay: number
  private readonly lastDay: number
  private readonly present: Uint32Array
  private readonly kept: Kept[] = []
  private readonly gaps = new Worst<Gap>(mostListed, longestFirst)
  private readonly stale = new Worst<StaleRun>(mostListed, (a, b) => Number(b.volume > 0) - Number(a.volume > 0) || longestFirst(a, b))
  private readonly zeroVolume = new Worst<ZeroVolume>(mostListed, (a, b) => b.sessions - a.sessions || compareText(a.symbol, b.symbol))
  private readonly moves = new Worst<Move>(mostListed, compareMoves)
  private readonly tally: Tally = {
    reversals: 0,
    unexplained: 0,
    unexplainedJumps: 0,
    explainedJumps: { action: 0, 'adjusted-close': 0, 'adjusted-prices': 0, approval: 0 },
    contradictoryBars: 0,
    spikes: 0,
  }
  private readonly shapes = new Worst<BarShape>(mostListed, compareShapes)
  private readonly disagreements = new Worst<Disagreement>(mostListed, compareDisagreements)

  constructor(snapshot: Examined) {
    this.snapshot = snapshot
    this.firstDay = dayOf(snapshot.firstSession)!
    this.lastDay = dayOf(snapshot.lastSession)!
    this.present = new Uint32Array(this.lastDay - this.firstDay + 1)
  }

  /** Each symbol once, in any order; `actions` are its own. */
  add(bars: BarColumns, actions: readonly CorporateAction[]): void {
    const found = examineSymbol(bars, actions, this.snapshot.clearedJumps)
    for (const move of found.moves) this.addMove(move)
    for (const run of found.stale) this.stale.add(run)
    for (const shape of found.shapes) {
      this.shapes.add(shape)
      this.tally[shape.kind === 'contradictory' ? 'contradictoryBars' : 'spikes']++
    }
    for (const disagreement of found.disagreements) this.disagreements.add(disagreement)
    if (found.zeroVolume !== undefined) this.zeroVolume.add(found.zeroVolume)

    const days = new DaySet(this.firstDay, this.lastDay)
    for (const session of bars.sessions) {
      const day = dayOf(session)!
      days.add(day)
      this.present[day - this.firstDay]!++
    }
    const [firstSession, lastSession] = [bars.sessions[0]!, bars.sessions.at(-1)!]
    this.kept.push({
      symbol: bars.symbol,
      firstDay: dayOf(firstSession)!,
      lastDay: dayOf(lastSession)!,
      firstSession,
      lastSession,
      rows: bars.sessions.length,
      days,
      largestZ: found.largestZ,
      status: found.status,
      unusableActions: found.unusableActions,
      staleSessions: found.stale.reduce((sum, { sessions }) => sum + sessions, 0),
      zeroVolumeSessions: found.zeroVolume?.sessions ?? 0,
      oddBars: found.shapes.length,
    })
  }

  /** When every symbol was added: what they are together. Cost: the symbols times the sessions, a bit each. */
  report(calendars: readonly KnownCalendar[], quarantine: Quarantined, withdrawn: readonly string[] = []): QualityReport {
    const { calendar, days } = expectedSessions(this.dayCounts(), calendars)
    const sessions = days.map((day) => ({ day, month: sessionOf(day).slice(0, 7) }))
    const months = new Map<string, MonthCount & { listed: number }>()
    const symbols = this.kept
      .sort((a, b) => compareText(a.symbol, b.symbol))
      .map((kept) => {
        const coverage = coverageOf(kept, sessions)
        for (const gap of coverage.gaps) this.gaps.add(gap)
        for (const { month, expected, present } of coverage.months) {
          const total = months.get(month) ?? { month, listed: 0, expected: 0, present: 0 }
          months.set(month, { month, listed: total.listed + 1, expected: total.expected + expected, present: total.present + present })
        }
        return this.describe(kept, coverage)
      })
    const { clearedJumps: _, ...snapshot } = this.snapshot
    const facts = {
      format: 1 as const,
      engineVersion: qualityEngineVersion,
      ...snapshot,
      rows: symbols.reduce((sum, { rows }) => sum + rows, 0),
      calendar,
      sessions: days.length,
      expected: symbols.reduce((sum, { expected }) => sum + expected, 0),
      present: symbols.reduce((sum, { expected, missing }) => sum + expected - missing, 0),
      thresholds,
      months: [...months.values()].sort((a, b) => compareText(a.month, b.month)),
      symbols,
      gaps: this.gaps.list(),
      stale: this.stale.list(),
      zeroVolume: this.zeroVolume.list(),
      moves: this.moves.list(),
      tally: this.tally,
      shapes: this.shapes.list(),
      disagreements: this.disagreements.list(),
      quarantine,
      withdrawn,
    }
    const unusable = this.kept.flatMap(({ unusableActions }) => (unusableActions === null ? [] : [unusableActions]))
    return { ...facts, findings: findingsOf(facts, unusable) }
  }

  private addMove(move: Move): void {
    this.moves.add(move)
    const { explainedBy, splitSized } = move
    if (isReversal(move)) this.tally.reversals++
    else if (explainedBy !== null) this.tally.explainedJumps[explainedBy] += Number(splitSized)
    else {
      this.tally.unexplained++
      this.tally.unexplainedJumps += Number(splitSized)
    }
  }

  private describe(kept: Kept, { expected, present, gaps, months, offCalendar }: ReturnType<typeof coverageOf>): SymbolQuality {
    const { symbol, firstSession, lastSession, rows, staleSessions, zeroVolumeSessions, oddBars, largestZ, status } = kept
    return {
      symbol,
      firstSession,
      lastSession,
      status: status === 'listed' && lastSession < this.snapshot.lastSession ? 'ended' : status,
      rows,
      expected,
      missing: expected - present,
      gaps: gaps.length,
      offCalendar,
      staleSessions,
      zeroVolumeSessions,
      oddBars,
      largestZ,
      incomplete: months.filter((month) => month.present < month.expected),
    }
  }

  /** Days with a bar, ascending. */
  private dayCounts(): DayCount[] {
    const change = new Int32Array(this.present.length + 1)
    for (const { firstDay, lastDay } of this.kept) {
      change[firstDay - this.firstDay]!++
      change[lastDay - this.firstDay + 1]!--
    }
    const counts: DayCount[] = []
    let listed = 0
    for (const [at, present] of this.present.entries()) {
      listed += change[at]!
      if (present > 0) counts.push({ day: this.firstDay + at, present, listed })
    }
    return counts
  }
}

type Placed = { symbol: string; from: string; sessions: number }
const longestFirst = (a: Placed, b: Placed) => b.sessions - a.sessions || compareText(a.symbol, b.symbol) || compareText(a.from, b.from)

const compareShapes = (a: BarShape, b: BarShape) =>
  Number(b.kind === 'contradictory') - Number(a.kind === 'contradictory') ||
  b.beyond - a.beyond ||
  compareText(a.symbol, b.symbol) ||
  compareText(a.session, b.session)

const distance = ({ ours, vendors }: Disagreement) => Math.abs(ours - vendors)
const compareDisagreements = (a: Disagreement, b: Disagreement) =>
  distance(b) - distance(a) || compareText(a.symbol, b.symbol) || compareText(a.session, b.session)
