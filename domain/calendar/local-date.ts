/** Dates as a place's own calendar and clock show them, daylight saving included. */
const dates = new Map<string, Intl.DateTimeFormat>()
const clocks = new Map<string, Intl.DateTimeFormat>()

/** The date at an instant: the session of a vendor's timestamp. @throws RangeError for a time zone that there is not */
export function localDate(epochMs: number, timeZone: string): string {
  let format = dates.get(timeZone)
  // the Swedish way to write a date is ISO 8601's
  if (format === undefined) dates.set(timeZone, (format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' })))
  return format.format(epochMs)
}

/**
 * The last date whose trading is over at an instant, given the wall clock after which the day's bar is final. A vendor
 * serves the bar of a day that still trades as if it were one.
 */
export function lastDateOver(epochMs: number, timeZone: string, finalAt: `${number}:${number}`): string {
  let format = clocks.get(timeZone)
  if (format === undefined) clocks.set(timeZone, (format = new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' })))
  const today = localDate(epochMs, timeZone)
  if (format.format(epochMs) >= finalAt) return today
  return new Date(Date.parse(`${today}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
}
