import { QuantloopError } from '#contracts/errors.ts'

/** A line of bars has some 80 bytes; one of 64 KiB is no line of bars. */
const maxLineBytes = 65_536
const keptOfLongLine = 200

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** One physical line, without its end: the bytes from `start` to `end` of `block`. Its text is decoded when asked for. */
export class Line {
  readonly line: number
  readonly block: Buffer
  readonly start: number
  readonly end: number
  readonly tooLong: boolean

  constructor(line: number, block: Buffer, start: number, end: number, tooLong = false) {
    this.line = line
    this.block = block
    this.start = start
    this.end = end
    this.tooLong = tooLong
  }

  get text(): string {
    return this.block.toString('utf8', this.start, this.end)
  }
}

/**
 * Physical lines of UTF-8 text, numbered from 1, in batches of one block each: LF or CRLF, with or without a byte order
 * mark and a last line break. Memory is bounded: of a line that is too long only the beginning is kept.
 *
 * @throws QuantloopError source_malformed for bytes that are no such text: archives, UTF-16
 */
export async function* readLines(source: AsyncIterable<Buffer>, file: string): AsyncGenerator<Line[]> {
  let line = 0
  let rest: Buffer = Buffer.alloc(0)
  let skipping: Line | undefined
  for await (const block of withoutMark(source, file)) {
    rest = rest.length === 0 ? block : Buffer.concat([rest, block])
    const lines: Line[] = []
    let start = 0
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed, start)) {
      line++
      lines.push(skipping ?? lineOf(rest, start, end, line))
      skipping = undefined
      start = end + 1
    }
    rest = rest.subarray(start)
    if (rest.length > maxLineBytes) {
      skipping ??= lineOf(rest, 0, rest.length, line + 1)
      rest = Buffer.alloc(0)
    }
    if (lines.length > 0) yield lines
  }
  if (skipping !== undefined) yield [skipping]
  else if (rest.length > 0) yield [lineOf(rest, 0, rest.length, line + 1)]
}

function lineOf(block: Buffer, start: number, end: number, line: number): Line {
  if (end - start > maxLineBytes) return new Line(line, Buffer.from(block.subarray(start, start + keptOfLongLine)), 0, keptOfLongLine, true)
  return new Line(line, block, start, end > start && block[end - 1] === carriageReturn ? end - 1 : end)
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
