import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectRef } from '#contracts/references.ts'

/**
 * Another place that holds objects under the same keys: a folder on another disk or machine. It is never read in the
 * usual course, only when the store is verified.
 */
export interface SecondCopy {
  /** The bytes if they are there and are the ones that the reference names. */
  read(ref: ObjectRef): Promise<Uint8Array | undefined>
  /** Whether it was missing or altered, and is there now. */
  keep(ref: ObjectRef, bytes: Uint8Array): Promise<boolean>
}

export function folderCopy(folder: string): SecondCopy {
  const pathOf = (ref: ObjectRef) => join(folder, ref.uri)

  const read = async (ref: ObjectRef): Promise<Uint8Array | undefined> => {
    try {
      const bytes = await readFile(pathOf(ref))
      return createHash('sha256').update(bytes).digest('hex') === ref.sha256 ? bytes : undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  return {
    read,
    async keep(ref, bytes) {
      if ((await read(ref)) !== undefined) return false
      const path = pathOf(ref)
      const unfinished = `${path}.${randomUUID()}`
      await mkdir(dirname(path), { recursive: true })
      const file = await open(unfinished, 'wx')
      try {
        await file.writeFile(bytes)
        await file.sync()
        await rename(unfinished, path)
      } finally {
        await file.close()
        await rm(unfinished, { force: true })
      }
      return true
    },
  }
}
