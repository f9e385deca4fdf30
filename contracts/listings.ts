/** Who is in a snapshot, and since when: its symbols with what became of them, and the universes beside its bars. */
import { z } from 'zod'
import { Universe, UniverseName } from './datasets.ts'
import { Session, Ticker } from './words.ts'

export const ListingStatus = z.enum(['listed', 'renamed', 'delisted'])
export type ListingStatus = z.infer<typeof ListingStatus>

/** `firstSession` to `lastSession` is the span of its bars. */
export const SymbolListing = z.strictObject({
  symbol: Ticker,
  status: ListingStatus,
  rows: z.int().positive(),
  firstSession: Session,
  lastSession: Session,
  /** the first session without it, where it was renamed or delisted */
  on: Session.nullable(),
  /** the ticker that it has from then on */
  to: Ticker.nullable(),
  /** what a holder of the delisted share had from its last close on, where the source has told it */
  delistingReturn: z.number().nullable(),
  /** or the cash that each share was paid */
  cash: z.number().nullable(),
})
export type SymbolListing = z.infer<typeof SymbolListing>

/** `symbols` counts those that ever belonged to it. */
export const UniverseSummary = z.strictObject({
  name: UniverseName,
  symbols: z.int().nonnegative(),
  spans: z.int().nonnegative(),
  from: Session.nullable(),
  to: Session.nullable(),
})
export type UniverseSummary = z.infer<typeof UniverseSummary>

/** The members on one session; the delisted belong until their last one, whatever their span says. */
export const UniverseMembers = z.strictObject({
  name: UniverseName,
  session: Session,
  members: z.array(Ticker),
  spans: Universe.shape.spans,
})
export type UniverseMembers = z.infer<typeof UniverseMembers>
