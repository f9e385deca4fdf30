/** Names that Windows keeps to itself: Qlib puts a prefix before them (its `code_to_fname`). */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)$/
const prefix = '_qlib_'

/** The folder of an instrument's columns, under `features/`. */
export function folderOf(instrument: string): string {
  const lower = instrument.toLowerCase()
  return reserved.test(lower) ? prefix + lower : lower
}

/** The instrument of a folder that no instruments file names. */
export const instrumentOf = (folder: string) => (folder.startsWith(prefix) ? folder.slice(prefix.length) : folder).toUpperCase()
