/**
 * How a record lies in a segment: the payload's length and CRC-32, four bytes each, little-endian, then the payload as
 * JSON. A torn write shows as a length that runs past the end, a checksum that differs, or the zeros that a file system
 * leaves behind a power cut.
 */
import { crc32 } from 'node:zlib'
import type { PredictionRecord } from '#contracts/predictions.ts'

const headerBytes = 8

export function encodeFrame(record: PredictionRecord): Buffer {
  const payload = Buffer.from(JSON.stringify(record))
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt32LE(crc32(payload), 4)
  payload.copy(frame, headerBytes)
  return frame
}

/** The whole records at the start of `bytes`, and where the last of them ends. */
export function decodeFrames(bytes: Buffer): { records: PredictionRecord[]; end: number } {
  const records: PredictionRecord[] = []
  let end = 0
  while (end + headerBytes <= bytes.length) {
    const length = bytes.readUInt32LE(end)
    const payload = bytes.subarray(end + headerBytes, end + headerBytes + length)
    if (length === 0 || payload.length < length || crc32(payload) !== bytes.readUInt32LE(end + 4)) break
    records.push(JSON.parse(payload.toString('utf8')) as PredictionRecord)
    end += headerBytes + length
  }
  return { records, end }
}
