import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { UploadRef } from '#contracts/references.ts'
import { onScratchDisk } from '../scratch-disk.ts'
import type { ConnectorWorld } from './connector.ts'

const doing = 'the upload cannot be copied'

export type SpooledUpload = { path: string; remove: () => Promise<void> }

/**
 * A local copy of an upload, for readers that must jump about in it. Its name says nothing of the client's.
 * @throws QuantloopError object_missing | object_corrupt | unavailable
 */
export async function spoolUpload(
  { readUpload, cancelled }: Pick<ConnectorWorld, 'readUpload' | 'cancelled'>,
  upload: UploadRef,
): Promise<SpooledUpload> {
  const folder = await onScratchDisk(doing, () => mkdtemp(join(tmpdir(), 'quantloop-upload-')))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'upload')
  try {
    const source = await readUpload(upload)
    await onScratchDisk(doing, () => pipeline(source, createWriteStream(path), { signal: cancelled }))
    return { path, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
