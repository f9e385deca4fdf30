/**
 * Groups more records than memory holds: they come in any order, and are read back bucket by bucket, each bucket in the
 * order in which its records came. Full blocks wait in memory, and go to one temporary file once they are many megabytes:
 * what is less never touches the disk. Memory: one block a bucket, and the blocks that wait. Records are a fixed count of
 * doubles; a text may go with one.
 */
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scratchFailure } from './scratch-disk.ts'

const recordsPerBlock = 200
const blocksAtATime = 1_000
/** Bytes that may wait before they are written. */
const waitingBytes = 64 * 2 ** 20

/** `full` are the places of its blocks in the file, also of those that still wait. */
type Bucket = { filling: Float64Array; filled: number; full: number[] }

export class Spill {
  /** where the record that was reserved last lies */
  block: Float64Array = new Float64Array()
  private readonly width: number
  private readonly most: number
  private readonly folder: string
  private readonly file: FileHandle
  private readonly buckets: (Bucket | undefined)[] = []
  /** by their place in the file */
  private readonly waiting = new Map<number, Uint8Array>()
  private waitingSize = 0
  private written = 0

  private constructor(width: number, most: number, folder: string, file: FileHandle) {
    this.width = width
    this.most = most
    this.folder = folder
    this.file = file
  }

  /** Records of `width` doubles, in a temporary folder that `close` removes. @throws QuantloopError unavailable */
  static async open(width: number, most = waitingBytes): Promise<Spill> {
    return await onDisk(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'quantloop-spill-'))
      return new Spill(width, most, folder, await open(join(folder, 'records'), 'wx+', 0o600))
    })
  }

  add(bucket: number, record: Float64Array): void {
    const { width } = this
    // a call costs more than so few numbers
    for (let i = 0, to = this.reserve(bucket); i < width; i++, to++) this.block[to] = record[i]!
  }

  /** Room for one record more: its numbers are written into `block`, from the answered place on, before the next call. */
  reserve(bucket: number): number {
    const { width } = this
    const own = (this.buckets[bucket] ??= { filling: new Float64Array(recordsPerBlock * width), filled: 0, full: [] })
    if (own.filled === recordsPerBlock) {
      own.full.push(this.append(asBytes(own.filling)))
      own.filling = new Float64Array(recordsPerBlock * width)
      own.filled = 0
    }
    this.block = own.filling
    return own.filled++ * width
  }

  /** Keeps a text, and answers the number by which `text` finds it. */
  addText(text: string): number {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return this.append(Buffer.concat([length, bytes]))
  }

  /** Writes what waits, once it is much: to be called now and then. @throws QuantloopError unavailable */
  async settle(most = this.most): Promise<void> {
    if (this.waitingSize <= most) return
    const waiting = [...this.waiting.values()]
    await onDisk(async () => {
      for (let from = 0; from < waiting.length; from += blocksAtATime) await this.writeAll(waiting.slice(from, from + blocksAtATime))
    })
    this.waiting.clear()
    this.waitingSize = 0
  }

  /** Lets all of it go to the disk if any of it is there: who reads needs the memory. @throws QuantloopError unavailable */
  async settleForReading(): Promise<void> {
    if (this.written > this.waitingSize) await this.settle(0)
  }

  /** All records of a bucket. @throws QuantloopError unavailable */
  async records(bucket: number): Promise<Float64Array> {
    const own = this.buckets[bucket]
    if (own === undefined) return new Float64Array(0)
    const blockSize = recordsPerBlock * this.width
    const records = new Float64Array(own.full.length * blockSize + own.filled * this.width)
    await onDisk(async () => {
      for (const [index, offset] of own.full.entries()) {
        const into = asBytes(records.subarray(index * blockSize, (index + 1) * blockSize))
        const bytes = this.waiting.get(offset)
        if (bytes === undefined) await this.readAt(into, offset)
        else into.set(bytes)
      }
    })
    records.set(own.filling.subarray(0, own.filled * this.width), own.full.length * blockSize)
    return records
  }

  async text(at: number): Promise<string> {
    await this.settle(0)
    return await onDisk(async () => {
      const length = Buffer.alloc(4)
      await this.readAt(length, at)
      const bytes = Buffer.alloc(length.readUInt32LE())
      await this.readAt(bytes, at + length.length)
      return bytes.toString()
    })
  }

  async close(): Promise<void> {
    await this.file.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  private append(bytes: Uint8Array): number {
    const offset = this.written
    this.written += bytes.length
    this.waiting.set(offset, bytes)
    this.waitingSize += bytes.length
    return offset
  }

  private async writeAll(blocks: readonly Uint8Array[]): Promise<void> {
    const size = blocks.reduce((sum, { length }) => sum + length, 0)
    const { bytesWritten } = await this.file.writev(blocks)
    // what the disk took of it; the rest says why it did not
    if (bytesWritten < size) await this.file.appendFile(Buffer.concat(blocks).subarray(bytesWritten))
  }

  private async readAt(into: Uint8Array, offset: number): Promise<void> {
    for (let read = 0; read < into.length;) {
      const { bytesRead } = await this.file.read(into, read, into.length - read, offset + read)
      if (bytesRead === 0) throw new Error(`the temporary file ends at ${offset + read}, before its records do`)
      read += bytesRead
    }
  }
}

const asBytes = ({ buffer, byteOffset, byteLength }: Float64Array) => new Uint8Array(buffer, byteOffset, byteLength)

async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw scratchFailure('rows cannot be grouped', error)
  }
}
