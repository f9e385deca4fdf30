import { z } from 'zod'

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a lower-case hexadecimal SHA-256')
export type Sha256 = z.infer<typeof Sha256>

/** Extensions of content-addressed objects; the extension only helps a person, the hash is the identity. */
export const ObjectExtension = z.enum(['json', 'parquet', 'arrow', 'onnx', 'txt', 'csv', 'bin', 'tar', 'gz'])
export type ObjectExtension = z.infer<typeof ObjectExtension>

/** Data moves between processes by reference. `uri` is a key in the object store, derived from the content's hash. */
export const ObjectRef = z.strictObject({
  uri: z.string().regex(/^objects\/[0-9a-f]{2}\/[0-9a-f]{64}\.[a-z]+$/, 'an object key'),
  sha256: Sha256,
  bytes: z.int().nonnegative(),
})
export type ObjectRef = z.infer<typeof ObjectRef>

/** Where a client put a file into the store by presigned PUT. Its name says nothing of its content. */
export const UploadUri = z.string().regex(/^uploads\/[0-9a-f-]{36}$/, 'an upload key')
export type UploadUri = z.infer<typeof UploadUri>

/** An upload as its client says it was sent: what is read must hash to the same, or it was altered since. */
export const UploadRef = z.strictObject({ uri: UploadUri, sha256: Sha256, bytes: z.int().nonnegative() })
export type UploadRef = z.infer<typeof UploadRef>

export const objectKey = (sha256: Sha256, extension: ObjectExtension) => `objects/${sha256.slice(0, 2)}/${sha256}.${extension}`
