import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { QuantloopError } from '#contracts/errors.ts'

/**
 * Streams a file to a presigned address by one PUT of known length, as S3 asks for; memory stays flat.
 * @throws QuantloopError source_unavailable | source_empty | unavailable
 */
export async function uploadFile(path: string, url: string, onProgress: (sent: number, total: number) => void): Promise<void> {
  const { size, isFile } = await stat(path).then(
    (found) => ({ size: found.size, isFile: found.isFile() }),
    (error: unknown) => {
      throw new QuantloopError(
        'source_unavailable',
        `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
        { file: path },
        { cause: error },
      )
    },
  )
  if (!isFile) throw new QuantloopError('source_unavailable', `${path} is not a file`, { file: path })
  if (size === 0) throw new QuantloopError('source_empty', `${path} is empty: there is nothing to import`, { file: path })
  let sent = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      sent += chunk.length
      onProgress(sent, size)
      done(null, chunk)
    },
  })
  const put = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, { method: 'PUT', headers: { 'content-length': size } })
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    put.once('error', reject)
    put.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
  })
  const { origin } = new URL(url)
  const [sending, answer] = await Promise.allSettled([pipeline(createReadStream(path), counted, put), answered])
  // an answer explains more than the broken pipe that it may have caused
  const failure =
    answer.status === 'rejected'
      ? answer.reason
      : answer.value.status >= 300
        ? `${answer.value.status} ${answer.value.text.slice(0, 200)}`
        : undefined
  if (failure !== undefined || sending.status === 'rejected')
    throw new QuantloopError(
      'unavailable',
      `the object store at ${origin} did not take the file: ${failure ?? (sending as PromiseRejectedResult).reason}`,
      { file: path },
    )
}
