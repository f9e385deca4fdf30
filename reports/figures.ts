/** How numbers, moments and hashes are written for a person. */

/** Four significant digits, and no more than the number has. */
export const figure = (value: number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(Number(value.toPrecision(4)))

/** Always this many decimals: for columns that are compared by eye. */
export const decimals = (value: number | null | undefined, digits = 3): string | null =>
  value === null || value === undefined ? null : value.toFixed(digits)

export const pValue = (value: number | null): string | null => (value === null ? null : value < 0.001 ? 'below 0.001' : value.toFixed(3))

/** `2008-05-30 21:00:00 UTC` */
export const moment = (timestamp: string | null): string | null =>
  timestamp === null ? null : `${timestamp.slice(0, 19).replace('T', ' ')} UTC`
