import { type FileHandle, open, readdir, readFile, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PredictionRecord } from '#contracts/predictions.ts'
import { decodeFrames } from './frame.ts'

const segmentName = /^(\d{10})\.log$/

/** A file of records that only grows; a sealed one is never written again. */
export class Segment {
  readonly path: string
  private readonly file: FileHandle
  private dirty = false
  private named = false
  bytes = 0

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.file = file
  }

  static async create(folder: string, sequence: number): Promise<Segment> {
    const path = join(folder, `${String(sequence).padStart(10, '0')}.log`)
    return new Segment(path, await open(path, 'wx', 0o600))
  }

  /** Done when the operating system has all of it: a killed process loses nothing of it. */
  async write(bytes: Buffer): Promise<void> {
    this.dirty = true
    for (let from = 0; from < bytes.length;) from += (await this.file.write(bytes, from, bytes.length - from)).bytesWritten
    this.bytes += bytes.length
  }

  /** What was written is on the disk: a power cut loses nothing of it. Writes go on meanwhile. */
  async sync(): Promise<void> {
    if (!this.dirty) return
    this.dirty = false
    try {
      await this.file.datasync()
      if (!this.named) await syncFolder(dirname(this.path))
      this.named = true
    } catch (error) {
      this.dirty = true
      throw error
    }
  }

  async seal(): Promise<void> {
    try {
      await this.sync()
    } finally {
      await this.file.close()
    }
  }
}

export type FoundSegment = { path: string; sequence: number }

/** The segments of a folder, oldest first. */
export async function listSegments(folder: string): Promise<FoundSegment[]> {
  const found = (await readdir(folder)).flatMap((name) => {
    const sequence = segmentName.exec(name)?.[1]
    return sequence === undefined ? [] : [{ path: join(folder, name), sequence: Number(sequence) }]
  })
  return found.sort((a, b) => a.sequence - b.sequence)
}

export const readSegment = async (path: string): Promise<PredictionRecord[]> => decodeFrames(await readFile(path)).records

/** Cuts what a dying writer left unfinished; answers how many bytes stay and how many were cut. */
export async function cutTornTail(path: string): Promise<{ bytes: number; cut: number }> {
  const content = await readFile(path)
  const { end } = decodeFrames(content)
  if (end < content.length) await truncate(path, end)
  return { bytes: end, cut: content.length - end }
}

/** A file's name is on the disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
