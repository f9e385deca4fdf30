import { S3Error } from 'minio'
import { QuantloopError } from '#contracts/errors.ts'

const missingCodes = new Set(['NoSuchKey', 'NotFound', 'NoSuchObject'])

/** What the store's answer means to a caller. Everything but a missing object may come back, and is worth another try. */
export function storeFailure(error: unknown, key: string): QuantloopError {
  if (error instanceof QuantloopError) return error
  if (error instanceof S3Error && missingCodes.has(error.code ?? ''))
    return new QuantloopError(
      'object_missing',
      `the object store does not have ${key}: restore it from a backup, or make it again`,
      { object: key },
      { cause: error },
    )
  const detail = error instanceof Error ? error.message : String(error)
  const code = error instanceof S3Error ? `${error.code}: ` : ''
  return new QuantloopError(
    'unavailable',
    `the object store did not serve ${key} (${code}${detail}): check objectStore.endpoint, its keys and that it runs`,
    { object: key },
    { cause: error },
  )
}
