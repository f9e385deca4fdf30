import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Client } from 'minio'
import type { UploadUri } from '#contracts/references.ts'

/** S3 takes parts of 5 MiB to 5 GiB, at most 10,000 of them; a client holds one in memory, and names all in one request. */
const smallestPart = 16 * 2 ** 20
const mostParts = 3_500
const partMinutes = 60
/** An upload that was begun so long ago and not completed was given up. */
const staleHours = 24

/** A part as the store has it: its MD5 is what S3 answers as its ETag. */
export type StoredPart = { number: number; md5: string; bytes: number }

export type BegunUpload = { upload: UploadUri; uploadId: string; partBytes: number; parts: number }

/** Large uploads in parts, each PUT by the client to an address of its own, so that no byte passes through the API. */
export interface MultipartUploads {
  /** Also forgets the parts of uploads that were given up. */
  beginMultipart(bytes: number): Promise<BegunUpload>
  presignPart(upload: UploadUri, uploadId: string, number: number): Promise<string>
  /** @throws QuantloopError object_missing when the upload was completed or given up */
  storedParts(upload: UploadUri, uploadId: string): Promise<StoredPart[]>
  completeMultipart(upload: UploadUri, uploadId: string, parts: readonly StoredPart[]): Promise<void>
  abortMultipart(upload: UploadUri, uploadId: string): Promise<void>
  /** Forgets the parts of uploads that were begun before `before` and not completed. */
  forgetStale(before: Date): Promise<void>
}

export class StoreClient extends Client {
  /** One PUT of bytes whose SHA-256 is known: `putObject` copies them, and hashes them twice more. */
  async putBytes({ bucket, key }: { bucket: string; key: string }, bytes: Buffer, sha256: string, headers: Record<string, string>) {
    const request = { method: 'PUT', bucketName: bucket, objectName: key, headers: { ...headers, 'Content-Length': String(bytes.length) } }
    // TLS guards the bytes on their way: then S3 asks for no hash
    const answer = await this.makeRequestStreamAsync(request, bytes, this.enableSHA256 ? sha256 : '', [200], '')
    await once(answer.resume(), 'end')
  }

  /** The client's own list of parts is not public. */
  partsOf(bucket: string, key: string, uploadId: string) {
    return this.listParts(bucket, key, uploadId)
  }
}

type Asking = <T>(key: string, ask: () => Promise<T>) => Promise<T>

export const multipartUploads = (client: StoreClient, bucket: string, asking: Asking): MultipartUploads => ({
  async beginMultipart(bytes) {
    await this.forgetStale(new Date(Date.now() - staleHours * 3_600_000))
    const upload: UploadUri = `uploads/${randomUUID()}`
    const partBytes = Math.max(smallestPart, Math.ceil(bytes / mostParts))
    const uploadId = await asking(upload, () => client.initiateNewMultipartUpload(bucket, upload, {}))
    return { upload, uploadId, partBytes, parts: Math.ceil(bytes / partBytes) }
  },

  presignPart: (upload, uploadId, number) =>
    asking(upload, () => client.presignedUrl('PUT', bucket, upload, partMinutes * 60, { uploadId, partNumber: String(number) })),

  storedParts: (upload, uploadId) =>
    asking(upload, async () =>
      (await client.partsOf(bucket, upload, uploadId)).map(({ part, etag, size }) => ({ number: part, md5: plain(etag), bytes: size })),
    ),

  async completeMultipart(upload, uploadId, parts) {
    const etags = parts.map(({ number, md5 }) => ({ part: number, etag: md5 }))
    await asking(upload, () => client.completeMultipartUpload(bucket, upload, uploadId, etags))
  },

  abortMultipart: (upload, uploadId) => asking(upload, () => client.abortMultipartUpload(bucket, upload, uploadId)),

  forgetStale: (before) =>
    asking('uploads/', async () => {
      for await (const { key, uploadId, initiated } of client.listIncompleteUploads(bucket, 'uploads/', true) as AsyncIterable<Incomplete>)
        if (initiated !== undefined && new Date(initiated) < before) await client.abortMultipartUpload(bucket, key, uploadId)
    }),
})

type Incomplete = { key: string; uploadId: string; initiated?: string | Date }

const plain = (etag: string) => etag.replaceAll(/"|&quot;/g, '')
