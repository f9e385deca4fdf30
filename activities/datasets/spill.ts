/**
 * Groups more records than memory holds: they come in any order, and are read back bucket by bucket, each bucket in the
 * order in which its records came. Full blocks go to one temporary file; a bucket remembers where its blocks lie. Memory:
 * one block a bucket, and the blocks that wait to be written. Records are a fixed count of doubles; a text may go with one.
 */
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'

const recordsPerBlock = 200
/** Bytes that may wait before they are written. */
const waitingBytes = 4 * 2 ** 20

type Bucket = { block: Float64Array; records: number; offsets: number[] }

export class Spill {
  private readonly width: number
  private readonly folder: string
  private readonly file: FileHandle
  private readonly buckets: (Bucket | undefined)[] = []
  private waiting: Uint8Array[] = []
  private waitingSize = 0
  private written = 0

  private constructor(width: number, folder: string, file: FileHandle) {
    this.width = width
    this.folder = folder
    this.file = file
  }

  /** Records of `width` doubles, in a temporary folder that `close` removes. @throws QuantloopError unavailable */
  static async open(width: number): Promise<Spill> {
    return await onDisk(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'quantloop-spill-'))
      return new Spill(width, folder, await open(join(folder, 'records'), 'wx+', 0o600))
    })
  }

  add(bucket: number, record: Float64Array): void {
    const { width } = this
    const own = (this.buckets[bucket] ??= { block: new Float64Array(recordsPerBlock * width), records: 0, offsets: [] })
    const at = own.records % recordsPerBlock
    own.block.set(record, at * width)
    own.records++
    if (at + 1 < recordsPerBlock) return
    own.offsets.push(this.append(asBytes(own.block)))
    own.block = new Float64Array(recordsPerBlock * width)
  }

  /** Keeps a text, and answers the number by which `text` finds it. */
  addText(text: string): number {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return this.append(Buffer.concat([length, bytes]))
  }

  /** Writes what waits, once it is much: to be called now and then. @throws QuantloopError unavailable */
  async settle(most = waitingBytes): Promise<void> {
    if (this.waitingSize <= most) return
    const waiting = this.waiting
    this.waiting = []
    this.waitingSize = 0
    await onDisk(async () => {
      for (let size = 0, rest = waiting; rest.length > 0; rest = rest.slice(size)) {
        size = 1_000
        await this.writeAll(rest.slice(0, size))
      }
    })
  }

  /** All records of a bucket; what waited must have been settled. @throws QuantloopError unavailable */
  async records(bucket: number): Promise<Float64Array> {
    const own = this.buckets[bucket]
    if (own === undefined) return new Float64Array(0)
    const records = new Float64Array(own.records * this.width)
    const blockSize = recordsPerBlock * this.width
    await onDisk(async () => {
      for (const [index, offset] of own.offsets.entries())
        await this.readAt(asBytes(records.subarray(index * blockSize, (index + 1) * blockSize)), offset)
    })
    records.set(own.block.subarray(0, (own.records % recordsPerBlock) * this.width), own.offsets.length * blockSize)
    return records
  }

  async text(at: number): Promise<string> {
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
    this.waiting.push(bytes)
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
    throw new QuantloopError(
      'unavailable',
      `rows cannot be grouped in ${tmpdir()} (${(error as Error).message}): free some space there, or point TMPDIR to another disk`,
      { folder: tmpdir() },
      { cause: error },
    )
  }
}
