import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { QuantloopError } from '#contracts/errors.ts'

/** Bytes of this machine that are to go into the store. Read again, they are the same unless `version` has changed. */
export type LocalBytes = { path: string; bytes: number; version: string; read: () => AsyncIterable<Buffer> }

const blockBytes = 2 ** 20

/** A file. @throws QuantloopError source_unavailable | source_empty */
export async function fileBytes(path: string): Promise<LocalBytes> {
  const found = await stat(path).catch((error: unknown) => {
    throw new QuantloopError(
      'source_unavailable',
      `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
      { file: path },
      { cause: error },
    )
  })
  if (!found.isFile()) throw new QuantloopError('source_unavailable', `${path} is not a file`, { file: path })
  if (found.size === 0) throw new QuantloopError('source_empty', `${path} is empty: there is nothing to import`, { file: path })
  return {
    path,
    bytes: found.size,
    version: String(found.mtimeMs),
    read: () => createReadStream(path, { highWaterMark: blockBytes }),
  }
}
