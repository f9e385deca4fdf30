import { QuantloopError } from '#contracts/errors.ts'

/** How an exchange is written before or behind the six digits of a share. */
const written = /^(?:(?<before>SH|SZ|BJ)\.?(?<first>\d{6})|(?<second>\d{6})(?:\.(?<behind>SH|SS|SZ|BJ|XSHG|XSHE))?)$/
const exchangeOf: Record<string, string> = { SH: 'SH', SS: 'SH', XSHG: 'SH', SZ: 'SZ', XSHE: 'SZ', BJ: 'BJ' }

/**
 * The six digits that AKShare asks for, and from which it tells the exchange by itself. A symbol that names another
 * exchange is refused: 000001.SH is Shanghai's index, and the digits alone a share of Shenzhen.
 *
 * @throws QuantloopError invalid_request
 */
export function shareCode(symbol: string): string {
  const { before, first, second, behind } = written.exec(symbol)?.groups ?? {}
  const digits = first ?? second
  if (digits === undefined)
    throw new QuantloopError('invalid_request', `${symbol} is no A-share: write 600000.SH, SH600000 or 600000`, { symbol })
  const listed = exchangeOfDigits(digits)
  const named = before ?? behind
  if (listed === undefined || (named !== undefined && exchangeOf[named] !== listed))
    throw new QuantloopError('invalid_request', `${symbol} is no A-share: ${digits} is listed in ${listed ?? 'none of the exchanges'}`, {
      symbol,
    })
  return digits
}

/** By the first digits, as the exchanges give them out; Shanghai's shares in dollars (900…) AKShare takes for Shenzhen's. */
function exchangeOfDigits(digits: string): string | undefined {
  if (/^(?:60|68)/.test(digits)) return 'SH'
  if (/^(?:00|20|30)/.test(digits)) return 'SZ'
  return /^(?:4|8|92)/.test(digits) ? 'BJ' : undefined
}
