import { QuantloopError } from '#contracts/errors.ts'

/** A line of bars has some 80 bytes; one of 64 KiB is no line of bars. */
export const maxLineBytes = 65_536
const keptOfLongLine = 200

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** One physical line, without its end. */
export type Line = {
  line: number
  text: string
  /** `text` is only its beginning */
  tooLong: boolean
}

/** Whole lines behind one another, to be read once, from the first to the last. */
export class Lines {
  readonly bytes: Buffer
  /** where the next line begins */
  at = 0
  /** the number of the next line */
  line: number
  private readonly cut: boolean

  /** `cut` bytes are the beginning of a line that is too long. */
  constructor(bytes: Buffer, line: number, cut = false) {
    this.bytes = bytes
    this.line = line
    this.cut = cut
  }

  get done(): boolean {
    return this.at >= this.bytes.length
  }

  next(): Line {
    const { bytes, at: start, line } = this
    const found = bytes.indexOf(lineFeed, start)
    const end = found < 0 ? bytes.length : found
    this.pass(end + 1)
    const tooLong = this.cut || end - start > maxLineBytes
    const kept = tooLong ? Math.min(end, start + keptOfLongLine) : end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
    return { line, text: bytes.toString('utf8', start, kept), tooLong }
  }

  /** Goes on at `next`: a reader of bytes has read the line before it. */
  pass(next: number): void {
    this.at = next
    this.line++
  }
}

/**
 * Physical lines of UTF-8 text, numbered from 1, in blocks, each to be read to its end before the next is asked for: LF or
 * CRLF, with or without a byte order mark and a last line break. Memory is bounded: of a line that is too long only the
 * beginning is kept.
 *
 * @throws QuantloopError source_malformed for bytes that are no such text: archives, UTF-16
 */
export async function* readLines(source: AsyncIterable<Buffer>, file: string): AsyncGenerator<Lines> {
  let line = 1
  let rest: Buffer = Buffer.alloc(0)
  let tooLong: Buffer | undefined
  for await (const block of withoutMark(source, file)) {
    let bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
    rest = Buffer.alloc(0)
    if (tooLong !== undefined) {
      const end = bytes.indexOf(lineFeed)
      if (end < 0) continue
      yield new Lines(tooLong, line++, true)
      tooLong = undefined
      bytes = bytes.subarray(end + 1)
    }
    const end = bytes.lastIndexOf(lineFeed) + 1
    if (end > 0) {
      const lines = new Lines(bytes.subarray(0, end), line)
      yield lines
      ;({ line } = lines)
    }
    rest = bytes.subarray(end)
    if (rest.length > maxLineBytes) {
      tooLong = Buffer.from(rest.subarray(0, keptOfLongLine))
      rest = Buffer.alloc(0)
    }
  }
  if (tooLong !== undefined) yield new Lines(tooLong, line, true)
  else if (rest.length > 0) yield new Lines(rest, line)
}

/** The same bytes, once their first four have shown that they are UTF-8 text, less its mark. */
async function* withoutMark(source: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const block of source) {
    if (head === undefined) {
      yield block
      continue
    }
    head = Buffer.concat([head, block])
    if (head.length < 4) continue
    yield textOf(head, file)
    head = undefined
  }
  if (head !== undefined) yield textOf(head, file)
}

/** What files begin with that are no text, and what to do about it. Nothing is unpacked here: a bomb has nothing to blow up. */
const marks: [bytes: number[], what: string][] = [
  [[0x1f, 0x8b], 'is compressed with gzip: decompress it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'is a zip archive: unpack it first'],
  [[0x42, 0x5a, 0x68], 'is compressed with bzip2: decompress it first'],
  [[0xfd, 0x37, 0x7a, 0x58], 'is compressed with xz: decompress it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'is compressed with zstd: decompress it first'],
  [[0x50, 0x41, 0x52, 0x31], 'is a Parquet file: import it with --format parquet'],
  [[0xff, 0xfe], 'is UTF-16 text: save it as UTF-8'],
  [[0xfe, 0xff], 'is UTF-16 text: save it as UTF-8'],
]

function textOf(bytes: Buffer, file: string): Buffer {
  const starts = (mark: readonly number[]) => mark.every((byte, i) => bytes[i] === byte)
  const found = marks.find(([mark]) => starts(mark))
  if (found !== undefined) throw malformed(file, found[1])
  // a header in Latin letters shows itself without a mark
  if (bytes.length >= 4 && (bytes[0] === 0) !== (bytes[1] === 0) && (bytes[2] === 0) !== (bytes[3] === 0))
    throw malformed(file, 'is UTF-16 text without a mark: save it as UTF-8')
  return starts([0xef, 0xbb, 0xbf]) ? bytes.subarray(3) : bytes
}

const malformed = (file: string, what: string) => new QuantloopError('source_malformed', `${file} ${what}`, { file })
