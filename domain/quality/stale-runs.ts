import type { BarColumns } from '../market/bars.ts'
import { thresholds } from './thresholds.ts'

/** Sessions in a row, both ends included. */
export type Run = { from: string; to: string; sessions: number }

/** The same close over and over. With `volume` shares were traded all the same, which a real price seldom survives. */
export type StaleRun = Run & { symbol: string; close: number; volume: number }

/** Runs of at least `staleSessions` equal closes. Cost: linear. */
export function staleRuns({ symbol, sessions, close, volume }: BarColumns): StaleRun[] {
  return runsOf(close.length, (row, before) => close[row] === close[before])
    .filter(({ from, to }) => to - from + 1 >= thresholds.staleSessions)
    .map(({ from, to }) => ({
      symbol,
      from: sessions[from]!,
      to: sessions[to]!,
      sessions: to - from + 1,
      close: close[from]!,
      volume: volume.subarray(from, to + 1).reduce((sum, each) => sum + each, 0),
    }))
}

/** Sessions of a symbol on which nothing was traded. */
export type ZeroVolume = { symbol: string; rows: number; sessions: number; longest: Run }

/** Undefined when shares were traded on every session. Cost: linear. */
export function zeroVolume({ symbol, sessions, volume }: BarColumns): ZeroVolume | undefined {
  const runs = runsOf(volume.length, (row, before) => volume[row] === 0 && volume[before] === 0).filter(({ from }) => volume[from] === 0)
  if (runs.length === 0) return undefined
  const lengthOf = ({ from, to }: { from: number; to: number }) => to - from + 1
  const longest = runs.reduce((best, run) => (lengthOf(run) > lengthOf(best) ? run : best))
  return {
    symbol,
    rows: volume.length,
    sessions: runs.reduce((sum, run) => sum + lengthOf(run), 0),
    longest: { from: sessions[longest.from]!, to: sessions[longest.to]!, sessions: lengthOf(longest) },
  }
}

/** Rows cut where one does not go on from the row before it. */
function runsOf(rows: number, goesOn: (row: number, before: number) => boolean): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = []
  for (let from = 0; from < rows;) {
    let to = from
    while (to + 1 < rows && goesOn(to + 1, to)) to++
    runs.push({ from, to })
    from = to + 1
  }
  return runs
}
