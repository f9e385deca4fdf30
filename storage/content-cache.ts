import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { ObjectRef } from '#contracts/references.ts'

/** In bytes: read and written in one go. */
const small = 256 * 1024

/**
 * Verified copies of objects on the local disk, under the same keys as in the store. A file has its final name only
 * when its bytes matched their hash; every read hashes it again, and one that was altered, or torn when the machine
 * stopped, is dropped. So no copy need reach the disk before it is used.
 */
export class ContentCache {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** The path of a sound copy, or nothing: an altered one is removed first. */
  async find(ref: ObjectRef): Promise<string | undefined> {
    const path = this.pathOf(ref)
    if (ref.bytes <= small) return (await this.read(ref)) && path
    const found = await unlessAbsent(hashOfFile(path))
    if (found === ref.sha256) return path
    if (found !== undefined) await rm(path, { force: true })
    return undefined
  }

  /** The bytes of a sound copy, or nothing: an altered one is removed first. */
  async read(ref: ObjectRef): Promise<Buffer | undefined> {
    const path = this.pathOf(ref)
    const bytes = await unlessAbsent(readFile(path))
    if (bytes === undefined || sha256Of(bytes) === ref.sha256) return bytes
    await rm(path, { force: true })
    return undefined
  }

  /**
   * Takes in `content` and answers the path, or the hash found when the bytes are not the ones that `ref` names.
   * Whatever fails, nothing is left under the final name.
   */
  async admit(ref: ObjectRef, content: Readable): Promise<{ path: string } | { foundSha256: string }> {
    const path = this.pathOf(ref)
    const temporary = join(this.folder, 'incoming', randomUUID())
    if (ref.bytes <= small) return await admitAtOnce(ref, { path, temporary }, content)
    await mkdir(dirname(path), { recursive: true })
    await mkdir(dirname(temporary), { recursive: true })
    const hash = createHash('sha256')
    const file = await open(temporary, 'wx', 0o600)
    try {
      await pipeline(content, async (source: AsyncIterable<Buffer>) => {
        for await (const bytes of source) {
          hash.update(bytes)
          await file.appendFile(bytes)
        }
      })
      const foundSha256 = hash.digest('hex')
      if (foundSha256 !== ref.sha256) return { foundSha256 }
      await file.chmod(0o444)
      await rename(temporary, path)
      return { path }
    } finally {
      await file.close()
      await rm(temporary, { force: true })
    }
  }

  private pathOf(ref: ObjectRef): string {
    return join(this.folder, ref.uri)
  }
}

/** Asking the disk aside, call by call, takes longer than a small file itself. */
async function admitAtOnce(
  ref: ObjectRef,
  { path, temporary }: { path: string; temporary: string },
  content: Readable,
): Promise<{ path: string } | { foundSha256: string }> {
  const bytes = await buffer(content)
  const foundSha256 = sha256Of(bytes)
  if (foundSha256 !== ref.sha256) return { foundSha256 }
  try {
    for (const each of [path, temporary]) mkdirSync(dirname(each), { recursive: true })
    writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o444 })
    renameSync(temporary, path)
    return { path }
  } finally {
    rmSync(temporary, { force: true })
  }
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
