import type { BarRow } from './parse-row.ts'

/** Why a bar cannot have been traded, or undefined. `latestSession` is the last date that can have happened. */
export function refuseBar(bar: BarRow, latestSession: string): string | undefined {
  const reason = isSound(bar) ? undefined : refuseNumbers(bar)
  return reason ?? (bar.session > latestSession ? `session ${bar.session} is in the future` : undefined)
}

/** Of most bars this is all that need be asked. */
const isSound = ({ open, high, low, close, volume, vwap = 1, adjustedClose }: BarRow) =>
  low > 0 && open >= low && open <= high && close >= low && close <= high && volume >= 0 && !(vwap <= 0) && !(adjustedClose <= 0)

function refuseNumbers(bar: BarRow): string | undefined {
  for (const field of ['open', 'high', 'low', 'close'] as const) if (bar[field] <= 0) return `${field} ${bar[field]} is not above zero`
  if (bar.volume < 0) return `volume ${bar.volume} is negative`
  if (bar.vwap !== undefined && bar.vwap <= 0) return `vwap ${bar.vwap} is not above zero`
  if (bar.adjustedClose <= 0) return `adjusted close ${bar.adjustedClose} is not above zero`
  if (bar.high < bar.low) return `high ${bar.high} is below low ${bar.low}`
  for (const field of ['open', 'close'] as const)
    if (bar[field] < bar.low || bar[field] > bar.high) return `${field} ${bar[field]} is outside low ${bar.low} to high ${bar.high}`
  return undefined
}
