/**
 * Who is a member of a universe when: spans with both ends included, cut where a listing ends. A symbol that the universe
 * does not name is never one.
 */
import { compareText } from './actions.ts'
import { dayOf, sessionOf } from './session-days.ts'
import type { Universe, UniverseSpan } from './universe.ts'

export type MemberSpan = Pick<UniverseSpan, 'from' | 'to'>

export class Membership {
  private readonly bySymbol = new Map<string, MemberSpan[]>()

  /** `ends` are the first sessions without the symbol. */
  constructor({ spans }: Universe, ends: ReadonlyMap<string, { exDate: string }>) {
    for (const { symbol, from, to } of spans) {
      const end = ends.get(symbol)
      const last = end === undefined || to < end.exDate ? to : dayBefore(end.exDate)
      if (from > last) continue
      const own = this.bySymbol.get(symbol)
      if (own === undefined) this.bySymbol.set(symbol, [{ from, to: last }])
      else own.push({ from, to: last })
    }
  }

  /** Whether a symbol is a member at some time. */
  names(symbol: string): boolean {
    return this.bySymbol.has(symbol)
  }

  /** The members on one session, by name. */
  on(session: string): string[] {
    return [...this.bySymbol.keys()].filter((symbol) => this.spanOn(symbol, session) !== undefined).sort(compareText)
  }

  /** What of a symbol's spans lies between two days, both included, ascending. */
  between(symbol: string, from: string, to: string): MemberSpan[] {
    return (this.bySymbol.get(symbol) ?? [])
      .filter((span) => span.from <= to && span.to >= from)
      .map((span) => ({ from: span.from < from ? from : span.from, to: span.to > to ? to : span.to }))
  }

  /** The span that a session lies in. */
  spanOn(symbol: string, session: string): MemberSpan | undefined {
    return this.bySymbol.get(symbol)?.find(({ from, to }) => from <= session && session <= to)
  }

  /**
   * What decides who takes part between two days: of those symbols that are not members throughout, what lies between
   * them. None when all are members.
   */
  exceptions(symbols: readonly string[], from: string, to: string): [symbol: string, spans: MemberSpan[]][] {
    return symbols.flatMap((symbol): [string, MemberSpan[]][] => {
      const spans = this.between(symbol, from, to)
      return spans.length === 1 && spans[0]!.from === from && spans[0]!.to === to ? [] : [[symbol, spans]]
    })
  }
}

const dayBefore = (session: string) => sessionOf(dayOf(session)! - 1)
