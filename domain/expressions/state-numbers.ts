/**
 * The state of a recursive kernel (`Stream`) as float64 numbers, in the order of its fields: exact, infinities and −0
 * included, with one NaN. A kernel's states have as many numbers as the one that it starts with.
 */

type Field = number | Fields
type Fields = { [name: string]: Field }

export const countNumbers = (state: object): number =>
  Object.values(state as Fields).reduce<number>((sum, field) => sum + (typeof field === 'number' ? 1 : countNumbers(field)), 0)

/** The names of the fields: numbers of a state with others mean something else. */
export const layoutOf = (state: object): string =>
  Array.isArray(state)
    ? `[${state.length}${typeof state[0] === 'object' ? layoutOf(state[0] as object) : ''}]`
    : `{${Object.entries(state as Fields)
        .map(([name, field]) => (typeof field === 'number' ? name : name + layoutOf(field)))
        .join()}}`

/** Writes the numbers from `at` on. @returns the place after them */
export function writeNumbers(state: object, out: Float64Array, at: number): number {
  const fields = state as Fields
  for (const name in fields) {
    const field = fields[name]!
    if (typeof field === 'object') at = writeNumbers(field, out, at)
    // whatever bits the NaN has, those of this one are written
    else out[at++] = Number.isNaN(field) ? NaN : field
  }
  return at
}

/** Makes a state that was just started the one whose numbers stand from `at` on. @returns the place after them */
export function readNumbers(state: object, numbers: Float64Array, at = 0): number {
  const fields = state as Fields
  for (const name in fields) {
    const field = fields[name]!
    if (typeof field === 'object') at = readNumbers(field, numbers, at)
    else fields[name] = numbers[at++]!
  }
  return at
}
