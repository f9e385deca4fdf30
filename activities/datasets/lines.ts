import { QuantloopError } from '#contracts/errors.ts'

/** A line of bars has some 80 bytes; one of 64 KiB is no line of bars. */
const maxLineBytes = 65_536
const keptOfLongLine = 200

export type Line = { line: number; text: string; tooLong: boolean }

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Physical lines of UTF-8 text, numbered from 1, in batches of one block each: LF or CRLF, with or without a byte order
 * mark and a last line break. Memory is bounded: of a line that is too long only the beginning is kept.
 *
 * @throws QuantloopError source_malformed for bytes that are no such text: gzip, zip, UTF-16
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
      lines.push(skipping ?? lineOf(rest.subarray(start, end), line))
      skipping = undefined
      start = end + 1
    }
    rest = rest.subarray(start)
    if (rest.length > maxLineBytes) {
      skipping ??= lineOf(rest, line + 1)
      rest = Buffer.alloc(0)
    }
    if (lines.length > 0) yield lines
  }
  if (skipping !== undefined) yield [skipping]
  else if (rest.length > 0) yield [lineOf(rest, line + 1)]
}

function lineOf(bytes: Buffer, line: number): Line {
  if (bytes.length > maxLineBytes) return { line, text: bytes.toString('utf8', 0, keptOfLongLine), tooLong: true }
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
  return { line, text: bytes.toString('utf8', 0, end), tooLong: false }
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

function textOf(bytes: Buffer, file: string): Buffer {
  const starts = (...mark: number[]) => mark.every((byte, i) => bytes[i] === byte)
  if (starts(0x1f, 0x8b)) throw malformed(file, 'is compressed with gzip: decompress it first')
  if (starts(0x50, 0x4b, 0x03, 0x04)) throw malformed(file, 'is a zip archive: unpack it first')
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff)) throw malformed(file, 'is UTF-16 text: save it as UTF-8')
  return starts(0xef, 0xbb, 0xbf) ? bytes.subarray(3) : bytes
}

const malformed = (file: string, what: string) => new QuantloopError('source_malformed', `${file} ${what}`, { file })
