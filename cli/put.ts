import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { QuantloopError } from '#contracts/errors.ts'

type Content = { content: Iterable<Buffer> | AsyncIterable<Buffer>; bytes: number }

/**
 * PUTs bytes of known length to a presigned address and answers their ETag. `file` is what a failure names.
 * @throws QuantloopError unavailable
 */
export async function put(url: string, { content, bytes }: Content, file: string): Promise<{ etag: string }> {
  const sent = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
    method: 'PUT',
    headers: { 'content-length': bytes, 'content-type': 'application/octet-stream' },
  })
  const answered = new Promise<{ status: number; etag: string; text: string }>((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          etag: (response.headers.etag ?? '').replaceAll('"', ''),
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
  })
  const [sending, answer] = await Promise.allSettled([pipeline(Readable.from(content), sent), answered])
  // an answer explains more than the broken pipe that it may have caused
  const failure =
    answer.status === 'rejected'
      ? answer.reason
      : answer.value.status >= 300
        ? `${answer.value.status} ${answer.value.text.slice(0, 200)}`
        : undefined
  if (answer.status === 'rejected' || failure !== undefined || sending.status === 'rejected')
    throw new QuantloopError(
      'unavailable',
      `the object store at ${new URL(url).origin} did not take the file: ${failure ?? (sending as PromiseRejectedResult).reason}`,
      { file },
    )
  return { etag: answer.value.etag }
}
