import { z } from 'zod'
import { readSymbol } from '#domain/market/symbols.ts'

/** A name that a person gives to a dataset, model or endpoint: safe in URLs, file names and workflow ids. */
export const Name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, starting with a letter, at most 63')
export type Name = z.infer<typeof Name>

/** A feature set in a request or recipe: `mine@2`, or `mine` for its newest version. */
export const FeatureSetReference = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}(?:@[1-9]\d{0,8})?$/, 'the name of a feature set, or name@version as in mine@2')
export type FeatureSetReference = z.infer<typeof FeatureSetReference>

/** A ticker as the exchange writes it: `AAPL`, `BRK.B`, `^GSPC`, `000001.SZ`. */
export const Ticker = z.string().regex(/^[A-Z0-9^][A-Z0-9.^=-]{0,19}$/, 'an upper-case ticker of at most 20 characters')
export type Ticker = z.infer<typeof Ticker>

/** A ticker however a person spells it: `brk-b` is BRK.B. */
export const SpeltTicker = z
  .string()
  .transform((text) => readSymbol(text) ?? text)
  .pipe(Ticker)

/** One trading day, ISO 8601. */
export const Session = z.iso.date()
export type Session = z.infer<typeof Session>

export const Timestamp = z.iso.datetime({ offset: true })
export type Timestamp = z.infer<typeof Timestamp>

/** What became known later is not seen. In UTC to the millisecond, so that one instant has one name. */
export const AsOf = Timestamp.regex(/T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, 'an instant in UTC with milliseconds, as 2008-06-02T21:00:00.000Z')
export type AsOf = z.infer<typeof AsOf>

export const Id = z.uuid()
export type Id = z.infer<typeof Id>

/** What a person writes. PostgreSQL's JSON takes no NUL and no half of a surrogate pair, and logs no control characters. */
export const Line = z
  .string()
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'one line without control characters')
  .refine((text) => !/\p{Cs}/u.test(text), 'half of a surrogate pair')

/** A closed range of sessions. */
export const SessionRange = z
  .strictObject({ from: Session, to: Session })
  .refine((range) => range.from <= range.to, 'from must not be after to')
export type SessionRange = z.infer<typeof SessionRange>

/** Who asked, and how a repeated request is recognised: carried from the API into the workflow's first row. */
export const RequestOrigin = z.strictObject({
  by: z.string().min(1).max(200),
  idempotencyKey: z.string().min(1).max(200).optional(),
  bodySha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type RequestOrigin = z.infer<typeof RequestOrigin>
