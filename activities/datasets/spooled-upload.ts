import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { UploadRef } from '#contracts/references.ts'
import type { ConnectorWorld } from './connector.ts'

export type SpooledUpload = { path: string; remove: () => Promise<void> }

/** A local copy of an upload, for readers that must jump about in it. Its name says nothing of the client's. */
export async function spoolUpload(
  { readUpload, cancelled }: Pick<ConnectorWorld, 'readUpload' | 'cancelled'>,
  upload: UploadRef,
): Promise<SpooledUpload> {
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-upload-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'upload')
  try {
    await pipeline(await readUpload(upload), createWriteStream(path), { signal: cancelled })
    return { path, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
