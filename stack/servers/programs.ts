import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'

/** A server's program: the pinned one beside the project's Python, else one on the PATH. */
export function program(name: string, python: string, insteadSet: string): string {
  const folders = [dirname(python), ...(process.env.PATH ?? '').split(delimiter)]
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (found !== undefined) return found
  throw new QuantloopError(
    'unavailable',
    `the program "${name}" is neither beside ${python} nor on the PATH: run \`npm run setup\`, or set ${insteadSet} to a server of your own`,
    { program: name },
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
