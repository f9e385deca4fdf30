import type { Readable } from 'node:stream'
import type { ObjectExtension, ObjectRef, UploadRef, UploadUri } from '#contracts/references.ts'
import type { MultipartUploads } from './multipart-uploads.ts'

/** What the store says of an object without reading it. */
export type StoredObject = { key: string; bytes: number; modifiedAt: string }

/**
 * Content-addressed objects behind one interface. Every read is hashed and compared with its reference: bytes that do
 * not match are an `object_corrupt` error and never reach the caller.
 */
export interface ObjectStore extends MultipartUploads {
  /** Stores bytes under their own hash. The same bytes again are the same object, made young: collections count on it. */
  put(bytes: Uint8Array, extension: ObjectExtension): Promise<ObjectRef>
  /** As `put`, for a file of any size. */
  putFile(path: string, extension: ObjectExtension): Promise<ObjectRef>
  /** @throws QuantloopError object_missing | object_corrupt | unavailable */
  get(ref: ObjectRef): Promise<Uint8Array>
  /** As `get`, from the store itself and without a local copy: for what is small, and kept elsewhere once it was read. */
  fetch(ref: ObjectRef): Promise<Uint8Array>
  /** A local, verified, read-only copy in the content cache, for readers that need a path (DuckDB, mmap). */
  file(ref: ObjectRef): Promise<string>
  /** Re-reads from the store itself, past the cache, and answers the hash found. @throws object_missing | unavailable */
  rehash(ref: ObjectRef): Promise<string>
  /** An address that a client may PUT one upload to, for a limited time. */
  presignUpload(): Promise<{ upload: UploadUri; url: string; expiresInSeconds: number }>
  /** The stream fails at its end when its bytes are not those that the client sent. @throws object_missing | object_corrupt | unavailable */
  readUpload(upload: UploadRef): Promise<Readable>
  /** An address from which one object may be read, for a limited time. */
  presignDownload(ref: ObjectRef): Promise<string>
  /** Everything under a prefix, ascending by key. */
  list(prefix: 'objects/' | 'uploads/'): AsyncIterable<StoredObject>
  /** Asks the store itself, past the cache; undefined when it has none. */
  find(key: string): Promise<StoredObject | undefined>
  /** Removing what is not there is no fault. */
  remove(key: string): Promise<void>
  health(): Promise<void>
}
