import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import type { ObjectStore } from '#storage/object-store.ts'
import type { SnapshotBars } from './open-snapshot.ts'
import { qlibFiles } from './qlib-files.ts'

/**
 * A snapshot as one tar of a Qlib folder, which `data import --format qlib` takes back to the identical snapshot.
 * @throws QuantloopError object_missing | object_corrupt | unavailable
 */
export async function writeQlibTar(objects: ObjectStore, reader: SnapshotBars, path: string, cancelled: AbortSignal): Promise<void> {
  const tar = pack()
  const writing = pipeline(tar as unknown as NodeJS.ReadableStream, createWriteStream(path), { signal: cancelled })
  // whoever feeds it hears of a failure first
  writing.catch(() => undefined)
  for await (const { path: name, bytes } of qlibFiles(objects, reader)) {
    cancelled.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      tar.entry({ name, mode: 0o644, mtime: new Date(0) }, bytes, (error) => (error ? reject(error) : resolve()))
    })
  }
  tar.finalize()
  await writing
}
