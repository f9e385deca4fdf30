import type { SnapshotChunk } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { coverageOf } from './bar-files.ts'
import type { SnapshotReader } from './open-snapshot.ts'

type Coverage = Pick<SnapshotChunk, 'rows' | 'symbols' | 'firstSession' | 'lastSession'>

const numbers = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const

/**
 * Chunks that an earlier snapshot stored already: rows that are there, value for value, need not be encoded again. What of
 * the earlier snapshot can no longer be read is not known, and will be written anew.
 */
export class KnownChunks {
  private readonly earlier: SnapshotReader | undefined
  private readonly byCoverage: ReadonlyMap<string, SnapshotChunk>

  constructor(earlier: SnapshotReader | undefined) {
    this.earlier = earlier
    this.byCoverage = new Map(earlier?.manifest.chunks.map((chunk) => [keyOf(chunk), chunk]))
  }

  /** The chunk that holds exactly these rows. @throws QuantloopError unavailable */
  async find(pieces: readonly BarColumns[]): Promise<SnapshotChunk | undefined> {
    const chunk = this.byCoverage.get(keyOf(coverageOf(pieces)))
    if (chunk === undefined || this.earlier === undefined) return undefined
    try {
      const stored = await this.earlier.chunk(chunk)
      for (const piece of pieces) if (!isEqual(piece, stored.get(piece.symbol))) return undefined
    } catch (error) {
      if (error instanceof QuantloopError && (error.code === 'object_missing' || error.code === 'object_corrupt')) return undefined
      throw error
    }
    return chunk
  }
}

const keyOf = ({ rows, symbols, firstSession, lastSession }: Coverage) => `${rows} ${firstSession} ${lastSession} ${symbols.join()}`

function isEqual(one: BarColumns, other: BarColumns | undefined): boolean {
  if (other === undefined) return false
  const rows = one.sessions.length
  if (rows !== other.sessions.length) return false
  for (let row = 0; row < rows; row++) {
    if (one.sessions[row] !== other.sessions[row] || one.knownAt[row] !== other.knownAt[row]) return false
    for (const field of numbers) if (!Object.is(one[field]?.[row] ?? Number.NaN, other[field]?.[row] ?? Number.NaN)) return false
  }
  return true
}
