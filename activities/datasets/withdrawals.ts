import type { QuantloopError } from '#contracts/errors.ts'
import { compareText, type CorporateAction } from '#domain/market/actions.ts'
import type { SnapshotReader } from '../snapshots/open-snapshot.ts'
import type { SourceRow } from './connector.ts'
import { asText } from './quarantine.ts'

/**
 * Symbols that a source no longer knows, as vendors forget delisted shares with all their history. What the dataset's head
 * holds of them is kept: bars and actions. A symbol that the head lacks was never known, and is an error.
 */
export class Withdrawals {
  private readonly head: SnapshotReader | undefined
  private readonly found = new Set<string>()

  constructor(head: SnapshotReader | undefined) {
    this.head = head
  }

  /** @throws `unknown`, where there is nothing to keep */
  tell(symbol: string, unknown: QuantloopError): void {
    if (this.head === undefined || !this.head.manifest.symbols.some((held) => held.symbol === symbol)) throw unknown
    this.found.add(symbol)
  }

  get symbols(): string[] {
    return [...this.found].sort(compareText)
  }

  /** Their bars, behind the last line of the source. @throws QuantloopError object_missing | object_corrupt | unavailable */
  async *rows(lastLine: number): AsyncGenerator<SourceRow[]> {
    let line = lastLine
    for (const symbol of this.symbols) {
      const { sessions, open, high, low, close, volume, vwap, adjustedClose } = await this.head!.bars(symbol)
      yield sessions.map((session, row): SourceRow => {
        const bar = {
          symbol,
          session,
          open: open[row]!,
          high: high[row]!,
          low: low[row]!,
          close: close[row]!,
          volume: volume[row]!,
          vwap: vwap?.[row] ?? Number.NaN,
          adjustedClose: adjustedClose?.[row] ?? Number.NaN,
        }
        return { line: ++line, raw: asText(bar), row: bar }
      })
    }
  }

  /** All actions that the source tells, and the head's of the symbols that it does not know; absent where it tells none. */
  actions(told: readonly CorporateAction[] | undefined): CorporateAction[] | undefined {
    if (told === undefined) return undefined
    const kept = this.head?.manifest.actions.filter(({ symbol }) => this.found.has(symbol)) ?? []
    return [...told.filter(({ symbol }) => !this.found.has(symbol)), ...kept]
  }
}
