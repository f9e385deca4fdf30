import { createWriteStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { QuantloopError } from '#contracts/errors.ts'

const mostEntries = 2_000_000
/** An entry's offset is that of the header before its bytes. */
const headerBytes = 512

/** The files of a tar that lies on the local disk: their bytes are read where they are, and never unpacked. */
export type TarIndex = {
  paths: readonly string[]
  has(path: string): boolean
  /** @throws QuantloopError source_malformed */
  read(path: string): Promise<Uint8Array>
  stream(path: string): AsyncIterable<Buffer>
  /** A copy in a file of its own, for readers that need a path. */
  copy(path: string, to: string): Promise<void>
  close(): Promise<void>
}

/**
 * Reads the table of a tar's files. Links, devices and paths that lead outside are refused, and nothing is unpacked: a
 * tar's paths are names here, and no places on a disk.
 *
 * @throws QuantloopError source_empty | source_malformed
 */
export async function indexTar(path: string, file: string, cancelled: AbortSignal): Promise<TarIndex> {
  const handle = await open(path)
  try {
    const places = await placesIn(handle, file, cancelled)
    if (places.size === 0) throw new QuantloopError('source_empty', `${file} holds no files`, { file })
    return {
      paths: [...places.keys()],
      has: (name) => places.has(name),
      read: (name) => bytesAt(handle, places.get(name), name, file),
      stream: (name) => streamAt(handle, places.get(name), name, file),
      copy: (name, to) => pipeline(streamAt(handle, places.get(name), name, file), createWriteStream(to), { signal: cancelled }),
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

type Place = { offset: number; size: number }

async function placesIn(handle: FileHandle, file: string, cancelled: AbortSignal): Promise<Map<string, Place>> {
  const head = Buffer.alloc(2)
  await handle.read(head, 0, 2, 0)
  if (head[0] === 0x1f && head[1] === 0x8b) throw malformed(file, 'is compressed with gzip: decompress it first')
  if (head.toString('latin1') === 'PK') throw malformed(file, 'is a zip archive: pack its folder as a tar')
  const places = new Map<string, Place>()
  const entries = extract()
  const feeding = pipeline(handle.createReadStream({ start: 0, autoClose: false }), entries as unknown as NodeJS.WritableStream, {
    signal: cancelled,
  })
  // whoever reads the entries hears of a failure first
  feeding.catch(() => undefined)
  try {
    for await (const entry of entries) {
      const { name, type, size } = entry.header
      if (type === 'file') {
        const path = pathOf(name, file)
        if (places.has(path)) throw malformed(file, `holds ${path} twice`)
        if (places.size >= mostEntries) throw malformed(file, `holds more than ${mostEntries} files`)
        places.set(path, { offset: entry.offset + headerBytes, size })
      } else if (type !== 'directory') throw malformed(file, `holds ${shown(name)}, a ${type}: only files and folders are read`)
      entry.resume()
    }
    await feeding
  } catch (error) {
    cancelled.throwIfAborted()
    if (error instanceof QuantloopError) throw error
    throw malformed(file, `is not a whole tar: ${(error as Error).message}`, error)
  }
  return places
}

function pathOf(name: string, file: string): string {
  const path = name.replace(/^(?:\.\/)+/, '')
  if (path.startsWith('/') || path.split('/').includes('..') || /[\0-\x1f\x7f\\]/.test(path))
    throw malformed(file, `holds ${shown(name)}: a path has to stay within the folder`)
  return path
}

async function bytesAt(handle: FileHandle, place: Place | undefined, name: string, file: string): Promise<Uint8Array> {
  if (place === undefined) throw malformed(file, `lacks ${name}`)
  const bytes = Buffer.alloc(place.size)
  const { bytesRead } = await handle.read(bytes, 0, place.size, place.offset)
  if (bytesRead !== place.size) throw malformed(file, `ends within ${name}`)
  return bytes
}

async function* streamAt(handle: FileHandle, place: Place | undefined, name: string, file: string): AsyncGenerator<Buffer> {
  if (place === undefined) throw malformed(file, `lacks ${name}`)
  if (place.size === 0) return
  const { offset: start, size } = place
  let read = 0
  for await (const block of handle.createReadStream({ start, end: start + size - 1, autoClose: false }) as AsyncIterable<Buffer>) {
    read += block.length
    yield block
  }
  if (read !== size) throw malformed(file, `ends within ${name}`)
}

const shown = (name: string) => JSON.stringify(name.slice(0, 80))
const malformed = (file: string, what: string, cause?: unknown) =>
  new QuantloopError('source_malformed', `${file} ${what}`, { file }, cause === undefined ? {} : { cause })
