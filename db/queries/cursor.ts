import { QuantloopError } from '#contracts/errors.ts'

type Key = readonly (string | number)[]

/** A list is read in the order of a unique key; a cursor is the key of the last item, opaque to the client. */
export const encodeCursor = (key: Key) => Buffer.from(JSON.stringify(key)).toString('base64url')

/** @throws QuantloopError invalid_request when the cursor is not one that a list of this kind answered */
export function decodeCursor<K extends Key>(cursor: string, example: K): K {
  let key: unknown
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    key = undefined
  }
  const fits = Array.isArray(key) && key.length === example.length && example.every((part, i) => sameKind(part, (key as unknown[])[i]))
  if (!fits)
    throw new QuantloopError('invalid_request', 'the cursor is not one that this list answered: leave it out to start from the top', {
      field: 'after',
    })
  return key as K
}

/** The parts of a key go into SQL: a string that PostgreSQL cannot hold, or a number that is no number, fits no list. */
function sameKind(example: string | number, part: unknown): boolean {
  if (typeof example === 'number') return Number.isSafeInteger(part)
  return typeof part === 'string' && !part.includes('\0')
}

/** Rows were read with `limit + 1`: the one too many says that there is a next page. */
export function pageOf<Row, Item>(rows: Row[], limit: number, keyOf: (row: Row) => Key, itemOf: (row: Row) => Item) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(itemOf), nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null }
}
