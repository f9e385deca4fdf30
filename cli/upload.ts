import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'
import { BegunUpload } from '#contracts/requests.ts'
import { put } from './put.ts'
import type { UploadResources } from './upload-resources.ts'

type Progress = (sent: number, total: number) => void

/** Below so many bytes one PUT is simpler, and as good. */
const inOneBelow = 16 * 2 ** 20

/**
 * Brings a file into the store, straight from here, and answers the name of the upload. A large one goes in parts: memory
 * holds one of them, and an upload that broke off goes on from the parts that the store has, also in a later run.
 *
 * @throws QuantloopError source_unavailable | source_empty | unavailable | conflict
 */
export async function uploadFile(path: string, uploads: UploadResources, onProgress: Progress): Promise<string> {
  const { size, mtimeMs } = await statFile(path)
  if (size >= inOneBelow) return await uploadInParts({ path, size, mtimeMs }, uploads, onProgress)
  const { upload, url } = await uploads.create()
  await uploadInOne({ path, size }, url, onProgress)
  return upload
}

/** One PUT of known length, as S3 asks for; memory stays flat. */
async function uploadInOne({ path, size }: { path: string; size: number }, url: string, onProgress: Progress): Promise<void> {
  const content = async function* () {
    let sent = 0
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      sent += chunk.length
      onProgress(sent, size)
      yield chunk
    }
  }
  await put(url, { content: content(), bytes: size }, path)
}

type LocalFile = { path: string; size: number; mtimeMs: number }

async function uploadInParts(file: LocalFile, uploads: UploadResources, onProgress: Progress): Promise<string> {
  const memory = memoryOf(file)
  const { begun, stored } = (await goOn(memory, uploads)) ?? { begun: await uploads.begin(file.size), stored: new Set<string>() }
  const { upload, uploadId, partBytes } = begun
  await remember(memory, begun)
  const parts: { number: number; md5: string }[] = []
  let sent = 0
  for await (const bytes of inParts(file.path, partBytes)) {
    const number = parts.length + 1
    const md5 = createHash('md5').update(bytes).digest('hex')
    if (!stored.has(`${number} ${md5}`)) {
      const url = (await uploads.urls(upload, uploadId, [number])).urls[0]!.url
      const { etag } = await put(url, { content: [bytes], bytes: bytes.length }, file.path)
      if (etag !== md5)
        throw new QuantloopError(
          'unavailable',
          `part ${number} of ${file.path} reached the store with the MD5 ${etag}, not ${md5}: run the command again`,
          { file: file.path, part: number },
        )
    }
    parts.push({ number, md5 })
    sent += bytes.length
    onProgress(sent, file.size)
  }
  if (sent !== file.size)
    throw new QuantloopError('source_unavailable', `${file.path} had ${file.size} bytes, and then ${sent}: it changed meanwhile`, {
      file: file.path,
    })
  await uploads.complete(upload, { uploadId, bytes: sent, parts })
  await rm(memory, { force: true })
  return upload
}

/** The file in parts of the same size, the last but smaller. Memory: one part. */
async function* inParts(path: string, partBytes: number): AsyncGenerator<Buffer> {
  const part = Buffer.alloc(partBytes)
  let filled = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>)
    for (let from = 0; from < chunk.length;) {
      const copied = chunk.copy(part, filled, from)
      from += copied
      filled += copied
      if (filled === partBytes) {
        yield part
        filled = 0
      }
    }
  if (filled > 0) yield part.subarray(0, filled)
}

/** Where an upload that breaks off is remembered: under the file's place, size and time, so that another file is another. */
function memoryOf({ path, size, mtimeMs }: LocalFile): string {
  const key = createHash('sha256')
    .update(JSON.stringify([resolve(path), size, mtimeMs]))
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

async function statFile(path: string): Promise<{ size: number; mtimeMs: number }> {
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
  return found
}
