/**
 * What a person should know of a snapshot before trusting it, worst first. `critical`: figures made from it may be wrong;
 * `warning`: look before use; `info`: so it is.
 */
import { isReversal, type Move } from './moves.ts'
import type { Finding, QualityReport, Severity } from './quality-report.ts'
import { thresholds } from './thresholds.ts'

type Facts = Omit<QualityReport, 'findings'>

/** Part of what is expected, or of what was offered. */
const much = { critical: 0.05, warning: 0.005 }

export function findingsOf(facts: Facts, unusableActions: readonly string[]): Finding[] {
  const found = [
    contradictoryBars(facts),
    reversals(facts),
    unusable(unusableActions),
    gaps(facts),
    offCalendar(facts),
    quarantined(facts),
    unexplainedMoves(facts),
    adjustedClose(facts),
    stalePrices(facts),
    spikes(facts),
    ended(facts),
    withdrawn(facts),
    zeroVolume(facts),
    explainedJumps(facts),
    ownCalendar(facts),
  ].filter((finding) => finding !== undefined)
  const rank = { critical: 0, warning: 1, info: 2 } as const
  // of equal severity, in the order above
  return found.toSorted((a, b) => rank[a.severity] - rank[b.severity])
}

function contradictoryBars({ shapes: { shown }, tally }: Facts): Finding | undefined {
  const worst = shown.find(({ kind }) => kind === 'contradictory')
  return (
    worst &&
    finding(
      'critical',
      'contradictory-bars',
      tally.contradictoryBars,
      `open or close outside low to high, worst ${worst.symbol} on ${worst.session}`,
    )
  )
}

function reversals({ moves: { shown }, tally: { reversals: count } }: Facts): Finding | undefined {
  const worst = shown.find(isReversal)
  return (
    worst &&
    finding(
      'critical',
      'price-reversals',
      count,
      `${n(count, 'extreme move', 'extreme moves')} that the next session took back, as a wrong price does and news seldom: ${told(worst)}`,
    )
  )
}

function unusable([first, ...rest]: readonly string[]): Finding | undefined {
  return first === undefined
    ? undefined
    : finding('critical', 'unusable-actions', rest.length + 1, `actions that cannot be applied: ${first}`)
}

function gaps({ gaps: { total, shown }, expected, present }: Facts): Finding | undefined {
  const [longest] = shown
  if (longest === undefined) return undefined
  const missing = expected - present
  const part = missing / expected
  const severity =
    part >= much.critical ? 'critical' : part >= much.warning || longest.sessions >= thresholds.longGapSessions ? 'warning' : 'info'
  return finding(
    severity,
    'gaps',
    total,
    `${missing} of ${expected} expected bars are missing (${percent(part)}) in ${n(total, 'gap', 'gaps')}, the longest ${n(longest.sessions, 'session', 'sessions')} of ${longest.symbol} from ${longest.from}`,
  )
}

function offCalendar({ symbols, rows, calendar }: Facts): Finding | undefined {
  const count = symbols.reduce((sum, symbol) => sum + symbol.offCalendar, 0)
  if (count === 0) return undefined
  const sessions = calendar.basis === 'exchange' ? `sessions of ${calendar.name}` : 'sessions of the data'
  return finding(
    count / rows >= much.warning ? 'warning' : 'info',
    'off-calendar',
    count,
    `${n(count, 'bar lies', 'bars lie')} on days that are no ${sessions}`,
  )
}

function quarantined({ quarantine: { rows: refused, reasons }, rows }: Facts): Finding | undefined {
  if (refused === 0) return undefined
  const part = refused / (refused + rows)
  const severity = part >= much.critical ? 'critical' : part >= much.warning ? 'warning' : 'info'
  return finding(
    severity,
    'quarantine',
    refused,
    `${n(refused, 'row was', 'rows were')} refused (${percent(part)}), most often: ${reasons[0]?.reason}`,
  )
}

function unexplainedMoves({ moves: { shown }, tally: { unexplained: count, unexplainedJumps: jumps } }: Facts): Finding | undefined {
  const worst = shown.find((move) => move.explainedBy === null && !isReversal(move))
  return (
    worst &&
    finding(
      jumps > 0 ? 'warning' : 'info',
      'unexplained-moves',
      count,
      `${n(count, 'extreme move', 'extreme moves')} that no action explains, ${jumps === 0 ? 'none' : jumps} of a split's size: ${told(worst)}`,
    )
  )
}

function adjustedClose({ disagreements: { total, shown } }: Facts): Finding | undefined {
  const [worst] = shown
  if (worst === undefined) return undefined
  return finding(
    'warning',
    'adjusted-close',
    total,
    `the vendor's adjusted close tells another return than the bars with their actions, worst ${worst.symbol} on ${worst.session}: ${percent(worst.vendors)} against ${percent(worst.ours)}`,
  )
}

function stalePrices({ stale: { total, shown } }: Facts): Finding | undefined {
  const [worst] = shown
  if (worst === undefined) return undefined
  const traded = worst.volume > 0
  return finding(
    traded ? 'warning' : 'info',
    'stale-prices',
    total,
    `${n(total, 'run', 'runs')} of at least ${thresholds.staleSessions} equal closes, ${traded ? 'though shares were traded' : 'without a trade'}: ${worst.symbol} from ${worst.from}, ${worst.sessions} sessions`,
  )
}

function spikes({ shapes: { shown }, tally }: Facts): Finding | undefined {
  const worst = shown.find(({ kind }) => kind !== 'contradictory')
  return (
    worst &&
    finding(
      'warning',
      'spikes',
      tally.spikes,
      `a high or low far beyond open and close, worst ${worst.symbol} on ${worst.session} (${percent(worst.beyond)} beyond)`,
    )
  )
}

function ended({ symbols }: Facts): Finding | undefined {
  const over = symbols.filter(({ status }) => status === 'ended')
  const [first] = over
  return (
    first &&
    finding('warning', 'ended', over.length, `bars that end early and no action that says why, as ${first.symbol} on ${first.lastSession}`)
  )
}

function withdrawn({ withdrawn: gone }: Facts): Finding | undefined {
  const [first] = gone
  return first === undefined
    ? undefined
    : finding(
        'warning',
        'withdrawn',
        gone.length,
        `${n(gone.length, 'symbol', 'symbols')} that the source no longer knows, with the bars of an earlier snapshot: ${gone.slice(0, 5).join(', ')}${gone.length > 5 ? ', …' : ''}`,
      )
}

function zeroVolume({ zeroVolume: { total, shown }, symbols }: Facts): Finding | undefined {
  const [worst] = shown
  if (worst === undefined) return undefined
  const never = symbols.filter(({ rows, zeroVolumeSessions }) => rows === zeroVolumeSessions).length
  const most = `most ${worst.symbol}, ${worst.sessions} of ${worst.rows} sessions`
  return finding(
    'info',
    'zero-volume',
    total,
    `${n(total, 'symbol has', 'symbols have')} sessions without volume (${never} never any): ${most}`,
  )
}

function explainedJumps({ tally: { explainedJumps: by } }: Facts): Finding | undefined {
  const count = by.action + by['adjusted-close'] + by['adjusted-prices'] + by.approval
  if (count === 0) return undefined
  const inAdjusted = by['adjusted-prices'] === 0 ? '' : `, ${by['adjusted-prices']} in prices that the source has adjusted itself`
  const told = `${by.action} by actions, ${by['adjusted-close']} by the vendor's adjusted close${inAdjusted}, ${by.approval} approved by a person`
  return finding('info', 'explained-jumps', count, `split-sized moves that are explained: ${told}`)
}

function ownCalendar({ calendar, sessions }: Facts): Finding | undefined {
  if (calendar.basis === 'exchange') return undefined
  return finding(
    'info',
    'own-calendar',
    sessions,
    'no known calendar fits the bars: sessions are those of the data itself, so that a day that every symbol lacks is not seen',
  )
}

const finding = (severity: Severity, kind: Finding['kind'], count: number, text: string): Finding => ({ severity, kind, count, text })

const n = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`
const percent = (part: number) => `${Number((100 * part).toPrecision(3))} %`
const told = ({ symbol, session, change }: Move) => `worst ${symbol} on ${session}, ${percent(change)}`
