/**
 * One text for one value: keys sorted by code unit, no white space, absent fields left out. Numbers are printed as
 * ECMAScript prints them (as RFC 8785 does), so that a hash of the text is the same on every machine.
 *
 * @throws TypeError for what JSON cannot hold: NaN, infinities, functions, bigints
 */
export function canonicalJson(value: unknown): string {
  let text = ''
  print(value, (piece) => void (text += piece))
  return text
}

/** In characters. */
const blockLength = 65_536

/** The same text in UTF-8. A large one is never there as text: it is encoded block by block. @throws TypeError */
export function canonicalJsonBytes(value: unknown): Uint8Array {
  const blocks: Buffer[] = []
  let text = ''
  print(value, (piece) => {
    text += piece
    if (text.length < blockLength) return
    blocks.push(Buffer.from(text))
    text = ''
  })
  return Buffer.concat([...blocks, Buffer.from(text)])
}

function print(value: unknown, say: (piece: string) => void): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') say(JSON.stringify(value))
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
    say(JSON.stringify(value))
  } else if (Array.isArray(value)) printList(value, say)
  else if (typeof value === 'object') printFields(value as Readonly<Record<string, unknown>>, say)
  else throw new TypeError(`a ${typeof value} has no JSON form`)
}

function printList(items: readonly unknown[], say: (piece: string) => void): void {
  say('[')
  for (const [index, item] of items.entries()) {
    if (index > 0) say(',')
    print(item, say)
  }
  say(']')
}

function printFields(fields: Readonly<Record<string, unknown>>, say: (piece: string) => void): void {
  let before = '{'
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key]
    if (field === undefined) continue
    say(`${before}${JSON.stringify(key)}:`)
    print(field, say)
    before = ','
  }
  say(before === '{' ? '{}' : '}')
}
