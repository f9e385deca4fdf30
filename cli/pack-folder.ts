import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack, type Pack } from 'tar-stream'
import { QuantloopError } from '#contracts/errors.ts'
import type { LocalBytes } from './local-bytes.ts'

type Packed = { name: string; source: string; bytes: number; mtimeMs: number }

const blockBytes = 512

/**
 * The files of a folder as a tar, packed as it is read: by path, without dates and owners, so that equal folders give equal
 * bytes. Memory: a block of one file. Hidden files and folders are left out.
 *
 * @throws QuantloopError source_empty
 */
export async function folderBytes(folder: string): Promise<LocalBytes> {
  const files = await filesIn(folder)
  const content = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes / blockBytes) * blockBytes, 0)
  return {
    path: folder,
    bytes: (await bytesOfHeaders(files)) + content,
    version: createHash('sha256').update(JSON.stringify(files)).digest('hex'),
    async *read() {
      const tar = pack()
      // a failure ends the reading as well as the packing
      const packing = packAll(tar, files).catch((error: unknown) => tar.destroy(error as Error))
      yield* tar as unknown as AsyncIterable<Buffer>
      await packing
    },
  }
}

async function packAll(tar: Pack, files: readonly Packed[]): Promise<void> {
  for (const file of files) {
    const entry = tar.entry({ ...headerOf(file), size: file.bytes })
    await pipeline(createReadStream(file.source), entry as unknown as NodeJS.WritableStream)
  }
  tar.finalize()
}

/** Of the tar without its files' content: a long name has more than one. */
async function bytesOfHeaders(files: readonly Packed[]): Promise<number> {
  const tar = pack()
  for (const file of files) tar.entry({ ...headerOf(file), size: 0 }, '')
  tar.finalize()
  let bytes = 0
  for await (const block of tar as unknown as AsyncIterable<Buffer>) bytes += block.length
  return bytes
}

const headerOf = ({ name }: Packed) => ({ name, mode: 0o644, mtime: new Date(0) })

async function filesIn(folder: string): Promise<Packed[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const named = paths.map((source) => ({
    source,
    name: source
      .slice(folder.length + 1)
      .split(sep)
      .join('/'),
  }))
  const shown = named.filter(({ name }) => !name.split('/').some((part) => part.startsWith('.')))
  if (shown.length === 0) throw new QuantloopError('source_empty', `${folder} holds no files`, { file: folder })
  shown.sort((a, b) => (a.name < b.name ? -1 : 1))
  return await Promise.all(
    shown.map(async (file) => {
      const { size, mtimeMs } = await stat(file.source)
      return { ...file, bytes: size, mtimeMs }
    }),
  )
}
