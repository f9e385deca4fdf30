import { tmpdir } from 'node:os'
import { QuantloopError } from '#contracts/errors.ts'

/** What the system says when a disk takes or gives no more; a limit of a file's size and a quota included. */
const diskCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE'])

/**
 * Does work that writes into the temporary folder. What its disk refuses may be mended, and is worth another try then.
 * @throws QuantloopError unavailable
 */
export async function onScratchDisk<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isOfDisk(error) ? scratchFailure(doing, error) : error
  }
}

export const scratchFailure = (doing: string, error: unknown) =>
  new QuantloopError(
    'unavailable',
    `${doing} in ${tmpdir()} (${(error as Error).message}): free some space there, or point TMPDIR to another disk`,
    { folder: tmpdir() },
    { cause: error },
  )

/** DuckDB names no code. */
const isOfDisk = (error: unknown) =>
  error instanceof Error && (diskCodes.has((error as NodeJS.ErrnoException).code ?? '') || error.message.startsWith('IO Error: '))
