import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { QuantloopError } from '#contracts/errors.ts'

/** Packs the files of a folder into a tar: by path, without dates and owners, so that equal folders give equal bytes. */
export async function packFolder(folder: string, path: string): Promise<void> {
  const tar = pack()
  const writing = pipeline(tar as unknown as NodeJS.ReadableStream, createWriteStream(path))
  // whoever feeds it hears of a failure first
  writing.catch(() => undefined)
  for (const name of await filesIn(folder)) {
    const source = join(folder, name)
    const { size } = await stat(source)
    const entry = tar.entry({ name: name.split(sep).join('/'), size, mode: 0o644, mtime: new Date(0) })
    await pipeline(createReadStream(source), entry as unknown as NodeJS.WritableStream)
  }
  tar.finalize()
  await writing
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  if (files.length === 0) throw new QuantloopError('source_empty', `${folder} holds no files`, { file: folder })
  return files.sort()
}
