import { S3Error } from 'minio'
import { QuantloopError } from '#contracts/errors.ts'

const missingCodes = new Set(['NoSuchKey', 'NotFound', 'NoSuchObject', 'NoSuchUpload'])

/** Faults of the local disk under the content cache, as the system names them. */
const diskCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'EIO', 'EMFILE'])

/** What a failure means to a caller. Everything but a missing object may come back, and is worth another try. */
export function storeFailure(error: unknown, key: string): QuantloopError {
  if (error instanceof QuantloopError) return error
  const place = { object: key }
  if (error instanceof S3Error && missingCodes.has(error.code ?? '')) {
    const remedy = key.startsWith('uploads/') ? 'upload the file again' : 'restore it from a backup, or make it again'
    return new QuantloopError('object_missing', `the object store does not have ${key}: ${remedy}`, place, { cause: error })
  }
  const detail = error instanceof Error ? error.message : String(error)
  if (diskCodes.has((error as NodeJS.ErrnoException).code ?? ''))
    return new QuantloopError(
      'unavailable',
      `the content cache cannot hold ${key} (${detail}): check the disk of the state folder`,
      place,
      { cause: error },
    )
  const code = error instanceof S3Error ? `${error.code}: ` : ''
  return new QuantloopError(
    'unavailable',
    `the object store did not serve ${key} (${code}${detail}): check objectStore.endpoint, its keys and that it runs`,
    place,
    { cause: error },
  )
}
