import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'

/**
 * Streams an object from a presigned address into a file, which has its name only when its bytes have matched their hash;
 * memory stays flat.
 * @throws QuantloopError object_corrupt | unavailable
 */
export async function downloadFile(
  { url, object }: { url: string; object: ObjectRef },
  path: string,
  onProgress: (received: number, total: number) => void,
): Promise<void> {
  const { origin } = new URL(url)
  const response = await fetch(url).catch((cause: unknown) => {
    throw new QuantloopError('unavailable', `the object store at ${origin} does not answer`, { url: origin }, { cause })
  })
  if (!response.ok || response.body === null)
    throw new QuantloopError('unavailable', `the object store at ${origin} answered ${response.status}: ask for the export again`, {
      url: origin,
    })
  const hash = createHash('sha256')
  let received = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      received += chunk.length
      onProgress(received, object.bytes)
      done(null, chunk)
    },
  })
  const unfinished = `${path}.${randomUUID()}`
  try {
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(unfinished, { flags: 'wx' }))
    const sha256 = hash.digest('hex')
    if (sha256 !== object.sha256)
      throw new QuantloopError('object_corrupt', `what arrived hashes to ${sha256}, not to ${object.sha256}: try again`, { file: path })
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
}
