/**
 * One spelling for a symbol, whatever its source writes: upper case, and a share class behind a dot (`brk-b`, `BRK/B` and
 * `BRK B` are BRK.B). Suffixes and prefixes of exchanges stay as they are (`000001.SZ`, `SH600000`): a dataset has one
 * source, and that source tells its listings apart by them. A word that programs read as something else (`CON`, `NaN`,
 * `NULL`, `TRUE`) is a ticker like any other: it is text here from the first byte to the last, and never names a file.
 *
 * Classes are A to C only: a longer or later letter behind a dash or dot is something else (`BTC-USD`, London's `VOD.L`).
 */
const ticker = /^[A-Z0-9^][A-Z0-9.^=-]{0,19}$/
const shareClass = /^([A-Z]{1,5})[-/ ]([A-C])$/

// the same few thousand spellings come once for every row; the bound keeps a hostile file from growing it
const known = new Map<string, string>()
const mostKnown = 100_000

/** The symbol that a text spells, or undefined: other letters than ASCII's, control characters, paths, more than 20. */
export function readSymbol(text: string): string | undefined {
  const found = known.get(text)
  if (found !== undefined) return found
  const symbol = spell(text)
  if (symbol !== undefined && known.size < mostKnown) known.set(text, symbol)
  return symbol
}

function spell(text: string): string | undefined {
  // toUpperCase makes an S of ſ: what is not ASCII is refused before
  if (text.length > 40 || !/^[\x20-\x7e]*$/.test(text)) return undefined
  const symbol = text.trim().toUpperCase().replace(shareClass, '$1.$2')
  return ticker.test(symbol) ? symbol : undefined
}
