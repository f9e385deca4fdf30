import type { Database } from '#db/client.ts'
import { type Quarantined, quarantineRows } from '#db/commands/quarantine-rows.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import type { Connector } from './connector.ts'

const keptOfRaw = 2_000
const rowsPerInsert = 500

/** Refused lines on their way into the table, some hundred at a time. */
export class Quarantine {
  count = 0
  private first: { line: number; reason: string } | undefined
  private readonly db: Database
  private readonly syncId: string
  private readonly source: Pick<Connector, 'file' | 'placeOf'>
  private pending: Quarantined[] = []

  constructor(db: Database, syncId: string, source: Pick<Connector, 'file' | 'placeOf'>) {
    this.db = db
    this.syncId = syncId
    this.source = source
  }

  async add({
    line,
    reason,
    raw,
    bar,
  }: {
    line: number
    reason: string
    raw: string
    bar?: { symbol?: string; session?: string }
  }): Promise<void> {
    this.count++
    if (this.first === undefined || line < this.first.line) this.first = { line, reason }
    // PostgreSQL's text holds no NUL
    const text = raw.slice(0, keptOfRaw).replaceAll('\0', '\u2400')
    this.pending.push({
      ...this.placeOf(line),
      reason: reason.replaceAll('\0', '\u2400'),
      raw: text,
      symbol: bar?.symbol ?? null,
      session: bar?.session ?? null,
    })
    if (this.pending.length >= rowsPerInsert) await this.flush()
  }

  /** The refused line that comes first in its file. */
  get firstReason(): string | undefined {
    if (this.first === undefined) return undefined
    const { file, line } = this.placeOf(this.first.line)
    return `${file === this.source.file ? '' : `${file}, `}line ${line}: ${this.first.reason}`
  }

  private placeOf = (line: number) => this.source.placeOf?.(line) ?? { file: this.source.file, line }

  async flush(): Promise<void> {
    await quarantineRows(this.db, this.syncId, this.pending)
    this.pending = []
  }
}

/** A bar that was read and then refused, as one line. */
export const asText = (bar: BarRow) =>
  [
    bar.symbol,
    bar.session,
    bar.open,
    bar.high,
    bar.low,
    bar.close,
    bar.volume,
    ...[bar.vwap, bar.adjustedClose].filter((value) => value !== undefined && !Number.isNaN(value)),
  ].join(',')
