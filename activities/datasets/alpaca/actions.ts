/**
 * Alpaca's corporate actions as ours. Splits, stock and cash dividends and name changes have their ex-date or the date on
 * which they take effect; a removal as worthless and a merger for cash end a listing, with what a holder got. Other kinds
 * (spin-offs, mergers for shares, rights) come without a value per share: a move that they explain is held for a person.
 */
import { z } from 'zod'
import { Session } from '#contracts/words.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { assumedKnownAt } from '#domain/market/session-days.ts'
import { readSymbol } from '#domain/market/symbols.ts'

const rate = z.number().positive()
const split = z.object({ symbol: z.string(), new_rate: rate, old_rate: rate, ex_date: Session })
const lists = z.object({
  forward_splits: z.array(split).default([]),
  reverse_splits: z.array(split).default([]),
  stock_dividends: z.array(z.object({ symbol: z.string(), rate, ex_date: Session })).default([]),
  cash_dividends: z.array(z.object({ symbol: z.string(), rate, ex_date: Session })).default([]),
  name_changes: z.array(z.object({ old_symbol: z.string(), new_symbol: z.string(), process_date: Session })).default([]),
  worthless_removals: z.array(z.object({ symbol: z.string(), process_date: Session })).default([]),
  cash_mergers: z.array(z.object({ acquiree_symbol: z.string(), rate, effective_date: Session })).default([]),
})

export const AlpacaActionsPage = z.object({ corporate_actions: lists, next_page_token: z.string().nullable() })
export type AlpacaActionsPage = z.infer<typeof AlpacaActionsPage>

export function alpacaActions({ corporate_actions: found }: AlpacaActionsPage): CorporateAction[] {
  return [
    ...[...found.forward_splits, ...found.reverse_splits].map((action) =>
      given(action.symbol, action.ex_date, { kind: 'split', ratio: action.new_rate / action.old_rate }),
    ),
    ...found.stock_dividends.map((action) => given(action.symbol, action.ex_date, { kind: 'split', ratio: 1 + action.rate })),
    ...found.cash_dividends.map((action) => given(action.symbol, action.ex_date, { kind: 'dividend', cash: action.rate })),
    // a change of the name alone keeps the ticker
    ...found.name_changes
      .filter((action) => action.old_symbol !== action.new_symbol)
      .map((action) => given(action.old_symbol, action.process_date, { kind: 'rename', to: spelt(action.new_symbol) })),
    ...found.worthless_removals.map((action) => given(action.symbol, action.process_date, { kind: 'delisting', return: -1 })),
    ...found.cash_mergers.map((action) => given(action.acquiree_symbol, action.effective_date, { kind: 'delisting', cash: action.rate })),
  ]
}

type Claim = Pick<CorporateAction, 'kind' | 'ratio' | 'cash' | 'to' | 'return'>

const given = (symbol: string, exDate: string, claim: Claim): CorporateAction => ({
  symbol: spelt(symbol),
  exDate,
  ...claim,
  knownAt: assumedKnownAt(exDate),
  basis: 'given',
})

const spelt = (symbol: string) => readSymbol(symbol) ?? symbol
