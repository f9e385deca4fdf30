import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { S3Error } from 'minio'
import type { Config } from '#config/config.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { objectKey, type ObjectExtension, type ObjectRef, type UploadRef, type UploadUri } from '#contracts/references.ts'
import { ContentCache } from './content-cache.ts'
import { listObjects } from './list-objects.ts'
import { multipartUploads, StoreClient } from './multipart-uploads.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { storeFailure } from './store-failures.ts'

type StoreConfig = Config['objectStore']

/** A server that sends nothing for so long is taken as gone; shorter than an atomic activity's ten seconds. */
const silenceMs = 8_000
const presignedMinutes = 60
/** A store that is told nothing looks into the bytes, and some compress what looks like text. */
const asBytes = { 'Content-Type': 'application/octet-stream' }

/** Objects in any S3 store, each read verified, with copies in `cacheDir`. */
export function createObjectStore(config: StoreConfig, options: { cacheDir: string; silenceMs?: number }): ObjectStore {
  const client = createClient(config, options.silenceMs ?? silenceMs)
  const cache = new ContentCache(options.cacheDir)

  const asking = async <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      throw storeFailure(error, key)
    }
  }

  /** `read` answers what it makes of the bytes, or the hash that it found instead. */
  const verified = async <T extends object>(
    ref: ObjectRef,
    read: (content: Readable) => Promise<T | { foundSha256: string }>,
  ): Promise<T> => {
    let foundSha256 = ''
    // read twice before calling it corrupt: the first answer may have been altered on its way
    for (let reading = 0; reading < 2; reading++) {
      const found = await asking(ref.uri, async () => read(await client.getObject(config.bucket, ref.uri)))
      if (!isOther(found)) return found
      foundSha256 = found.foundSha256
    }
    throw new QuantloopError(
      'object_corrupt',
      `the bytes of ${ref.uri} hash to ${foundSha256}, not to ${ref.sha256}: restore the object from a backup, or make it again`,
      { object: ref.uri, expectedSha256: ref.sha256, foundSha256 },
    )
  }

  const download = async (ref: ObjectRef) => (await verified<{ path: string }>(ref, (content) => cache.admit(ref, content))).path

  const file = async (ref: ObjectRef) => (await asking(ref.uri, () => cache.find(ref))) ?? (await download(ref))

  return {
    async put(bytes: Uint8Array, extension: ObjectExtension): Promise<ObjectRef> {
      const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const sha256 = sha256Of(content)
      const uri = objectKey(sha256, extension)
      await asking(uri, () => client.putObject(config.bucket, uri, content, content.length, asBytes))
      return { uri, sha256, bytes: content.length }
    },

    async putFile(path: string, extension: ObjectExtension): Promise<ObjectRef> {
      const hash = createHash('sha256')
      for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer)
      const sha256 = hash.digest('hex')
      const uri = objectKey(sha256, extension)
      const { size } = await stat(path)
      await asking(uri, () => client.putObject(config.bucket, uri, createReadStream(path), size, asBytes))
      return { uri, sha256, bytes: size }
    },

    async get(ref: ObjectRef): Promise<Uint8Array> {
      const cached = await asking(ref.uri, () => cache.read(ref))
      return cached ?? (await readFile(await download(ref)))
    },

    async fetch(ref: ObjectRef): Promise<Uint8Array> {
      const { bytes } = await verified<{ bytes: Uint8Array }>(ref, async (content) => {
        const bytes = await buffer(content)
        const foundSha256 = sha256Of(bytes)
        return foundSha256 === ref.sha256 ? { bytes } : { foundSha256 }
      })
      return bytes
    },

    file,

    async rehash(ref: ObjectRef): Promise<string> {
      return await asking(ref.uri, async () => {
        const hash = createHash('sha256')
        for await (const bytes of await client.getObject(config.bucket, ref.uri)) hash.update(bytes as Buffer)
        return hash.digest('hex')
      })
    },

    async presignUpload() {
      const upload: UploadUri = `uploads/${randomUUID()}`
      const expiresInSeconds = presignedMinutes * 60
      const url = await asking(upload, () => client.presignedPutObject(config.bucket, upload, expiresInSeconds))
      return { upload, url, expiresInSeconds }
    },

    ...multipartUploads(client, config.bucket, asking),

    async readUpload(upload: UploadRef): Promise<Readable> {
      const answer = await asking(upload.uri, () => client.getObject(config.bucket, upload.uri))
      return Readable.from(asSent(wholeOf(answer, upload.uri), upload), { objectMode: false })
    },

    async presignDownload(ref: ObjectRef): Promise<string> {
      return await asking(ref.uri, () => client.presignedGetObject(config.bucket, ref.uri, presignedMinutes * 60))
    },

    async *list(prefix: 'objects/' | 'uploads/') {
      try {
        yield* listObjects(client, config.bucket, prefix)
      } catch (error) {
        throw storeFailure(error, prefix)
      }
    },

    async find(key: string): Promise<StoredObject | undefined> {
      try {
        const { size, lastModified } = await client.statObject(config.bucket, key)
        return { key, bytes: size, modifiedAt: lastModified.toISOString() }
      } catch (error) {
        const failure = storeFailure(error, key)
        if (failure.code === 'object_missing') return undefined
        throw failure
      }
    },

    async remove(key: string): Promise<void> {
      await asking(key, () => client.removeObject(config.bucket, key))
    },

    async health(): Promise<void> {
      const exists = await asking(config.bucket, () => client.bucketExists(config.bucket))
      if (!exists)
        throw new QuantloopError('unavailable', `the object store has no bucket ${config.bucket}: run \`quantloop migrate\``, {
          bucket: config.bucket,
        })
    },
  }
}

const isOther = (found: object): found is { foundSha256: string } => 'foundSha256' in found

/** The bytes of an answer, all of them or an error: one that was cut short must not look like the end of a file. */
async function* wholeOf(answer: Readable, key: string): AsyncGenerator<Buffer> {
  const promised = Number((answer as Partial<http.IncomingMessage>).headers?.['content-length'])
  let received = 0
  try {
    for await (const bytes of answer as AsyncIterable<Buffer>) {
      received += bytes.length
      yield bytes
    }
    if (received < promised) throw new Error(`the answer ended after ${received} of ${promised} bytes`)
  } catch (error) {
    throw storeFailure(error, key)
  }
}

/** The same bytes, of which the last are followed by an error unless all of them are those that were sent. */
async function* asSent(source: AsyncIterable<Buffer>, { uri, sha256, bytes }: UploadRef): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let received = 0
  for await (const block of source) {
    hash.update(block)
    received += block.length
    yield block
  }
  const foundSha256 = hash.digest('hex')
  if (foundSha256 === sha256 && received === bytes) return
  throw new QuantloopError(
    'object_corrupt',
    `${uri} has ${received} bytes that hash to ${foundSha256}, and its client sent ${bytes} that hash to ${sha256}: upload the file again`,
    { object: uri, expectedSha256: sha256, foundSha256 },
  )
}

/** Makes the bucket unless it is there; two that start at once both succeed. */
export async function ensureBucket(config: StoreConfig): Promise<void> {
  const client = createClient(config, silenceMs)
  try {
    if (await client.bucketExists(config.bucket)) return
    await client.makeBucket(config.bucket, config.region)
  } catch (error) {
    if (error instanceof S3Error && error.code === 'BucketAlreadyOwnedByYou') return
    throw storeFailure(error, config.bucket)
  }
}

function createClient(config: StoreConfig, silence: number): StoreClient {
  const endpoint = new URL(config.endpoint)
  const secure = endpoint.protocol === 'https:'
  const transport = secure ? https : http
  // the client itself has no time-outs: this one also covers connecting and a body that stops half-way
  const request = ((options: http.RequestOptions, answer: (response: http.IncomingMessage) => void) => {
    const sent = transport.request({ ...options, timeout: silence }, answer)
    sent.on('timeout', () => sent.destroy(new Error(`no byte for ${silence} ms`)))
    return sent
  }) as typeof http.request
  return new StoreClient({
    endPoint: endpoint.hostname,
    port: endpoint.port === '' ? (secure ? 443 : 80) : Number(endpoint.port),
    useSSL: secure,
    accessKey: config.accessKey,
    secretKey: config.secretKey,
    region: config.region,
    transport: { request },
    // callers retry, and they say so in their own logs
    retryOptions: { disableRetry: true },
  })
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
