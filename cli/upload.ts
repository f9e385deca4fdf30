import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'
import type { UploadRef, UploadUri } from '#contracts/references.ts'
import { BegunUpload } from '#contracts/requests.ts'
import type { LocalBytes } from './local-bytes.ts'
import { put } from './put.ts'
import type { UploadResources } from './upload-resources.ts'

type Progress = (sent: number, total: number) => void

/** Below so many bytes one PUT is simpler, and as good. */
const inOneBelow = 16 * 2 ** 20
/** Parts that are on their way at the same time; memory holds one more. */
const partsAtATime = 3

/**
 * Brings bytes into the store, straight from here, and answers where they are and what they hash to. Many go in parts: an
 * upload that broke off goes on from the parts that the store has, also in a later run.
 *
 * @throws QuantloopError source_unavailable | unavailable | conflict
 */
export async function upload(local: LocalBytes, uploads: UploadResources, onProgress: Progress): Promise<UploadRef> {
  const hash = createHash('sha256')
  let read = 0
  const content = async function* () {
    for await (const block of local.read()) {
      read += block.length
      if (read > local.bytes) break
      hash.update(block)
      yield block
    }
    if (read === local.bytes) return
    throw new QuantloopError('source_unavailable', `${local.path} had ${local.bytes} bytes, and then others: it changed meanwhile`, {
      file: local.path,
    })
  }
  const whole = { ...local, read: content }
  const uri = await (local.bytes < inOneBelow ? uploadInOne(whole, uploads, onProgress) : uploadInParts(whole, uploads, onProgress))
  return { uri, sha256: hash.digest('hex'), bytes: local.bytes }
}

/** One PUT of known length, as S3 asks for; memory stays flat. */
async function uploadInOne({ path, bytes, read }: LocalBytes, uploads: UploadResources, onProgress: Progress): Promise<UploadUri> {
  const { upload: uri, url } = await uploads.create()
  const told = async function* () {
    let sent = 0
    for await (const block of read()) {
      onProgress((sent += block.length), bytes)
      yield block
    }
  }
  await put(url, { content: told(), bytes }, path)
  return uri
}

async function uploadInParts(local: LocalBytes, uploads: UploadResources, onProgress: Progress): Promise<UploadUri> {
  const memory = memoryOf(local)
  const { begun, stored } = (await goOn(memory, uploads)) ?? { begun: await uploads.begin(local.bytes), stored: new Set<string>() }
  const { upload: uri, uploadId, partBytes } = begun
  await remember(memory, begun)
  const parts: { number: number; md5: string }[] = []
  const underway: Promise<void>[] = []
  let sent = 0
  const send = async (number: number, md5: string, bytes: Buffer) => {
    if (!stored.has(`${number} ${md5}`)) {
      const { url } = (await uploads.urls(uri, uploadId, [number])).urls[0]!
      await putPart(url, { number, md5, bytes }, local.path)
    }
    onProgress((sent += bytes.length), local.bytes)
  }
  try {
    for await (const bytes of inParts(local.read(), partBytes)) {
      const [number, md5] = [parts.length + 1, createHash('md5').update(bytes).digest('hex')]
      parts.push({ number, md5 })
      const sending = send(number, md5, bytes)
      // a failure is told in its turn, and is not unhandled until then
      sending.catch(() => {})
      underway.push(sending)
      if (underway.length >= partsAtATime) await underway.shift()
    }
    await Promise.all(underway)
  } finally {
    await Promise.allSettled(underway)
  }
  await uploads.complete(uri, { uploadId, bytes: sent, parts })
  await rm(memory, { force: true })
  return uri
}

async function putPart(url: string, { number, md5, bytes }: { number: number; md5: string; bytes: Buffer }, file: string): Promise<void> {
  const { etag } = await put(url, { content: [bytes], bytes: bytes.length }, file)
  if (etag === md5) return
  throw new QuantloopError(
    'unavailable',
    `part ${number} of ${file} reached the store with the MD5 ${etag}, not ${md5}: run the command again`,
    { file, part: number },
  )
}

/** The bytes in parts of the same size, the last but smaller. */
async function* inParts(source: AsyncIterable<Buffer>, partBytes: number): AsyncGenerator<Buffer> {
  let [part, filled] = [Buffer.allocUnsafe(partBytes), 0]
  for await (const block of source)
    for (let from = 0; from < block.length;) {
      const copied = block.copy(part, filled, from)
      from += copied
      filled += copied
      if (filled < partBytes) continue
      yield part
      ;[part, filled] = [Buffer.allocUnsafe(partBytes), 0]
    }
  if (filled > 0) yield part.subarray(0, filled)
}

/** Where an upload that breaks off is remembered: under the place, size and version, so that other bytes are another upload. */
function memoryOf({ path, bytes, version }: LocalBytes): string {
  const key = createHash('sha256')
    .update(JSON.stringify([resolve(path), bytes, version]))
    .digest('hex')
  return join(tmpdir(), 'quantloop-uploads', `${key}.json`)
}

async function remember(memory: string, begun: BegunUpload): Promise<void> {
  await mkdir(dirname(memory), { recursive: true, mode: 0o700 })
  await writeFile(memory, JSON.stringify(begun), { mode: 0o600 })
}

/** The upload that broke off and the numbers and MD5s of the parts that the store has of it, unless it was forgotten here or there. */
async function goOn(memory: string, uploads: UploadResources): Promise<{ begun: BegunUpload; stored: Set<string> } | undefined> {
  const text = await readFile(memory, 'utf8').catch(() => undefined)
  const known = text === undefined ? undefined : BegunUpload.safeParse(JSON.parse(text)).data
  if (known === undefined) return undefined
  try {
    const { parts } = await uploads.parts(known.upload, known.uploadId)
    return { begun: known, stored: new Set(parts.map(({ number, md5 }) => `${number} ${md5}`)) }
  } catch (error) {
    if (error instanceof QuantloopError && error.code === 'not_found') return undefined
    throw error
  }
}
