import type { SnapshotChunk } from '#contracts/datasets.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'

/** A symbol's rows between a chunk's first and last session: those of the chunk, for its symbols have no other there. */
export function within(bars: BarColumns, { firstSession, lastSession }: SnapshotChunk): BarColumns {
  const from = bars.sessions.findIndex((session) => session >= firstSession)
  const to = bars.sessions.findLastIndex((session) => session <= lastSession) + 1
  return sliceBars(bars, from === -1 ? to : from, to)
}
