import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLines } from '#activities/datasets/lines.ts'

async function linesOf(text: string | Buffer, blockBytes = 7) {
  const bytes = Buffer.from(text as string)
  const source = async function* () {
    for (let from = 0; from < bytes.length; from += blockBytes) yield bytes.subarray(from, from + blockBytes)
  }
  const lines = []
  for await (const batch of readLines(source(), 'bars.csv')) while (!batch.done) lines.push(batch.next())
  return lines
}

describe('lines', () => {
  it('are the same however the bytes come in', async () => {
    const text = fc.array(fc.stringMatching(/^[^\r\n]*$/), { maxLength: 20 }).map((lines) => lines.join('\n'))
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 50 }), fc.constantFrom('\n', '\r\n'), async (joined, blockBytes, lineEnd) => {
        fc.pre(!joined.startsWith('\ufeff') && !joined.startsWith('PK'))
        const expected = joined === '' ? [] : joined.replace(/\n$/, '').split('\n')
        const found = await linesOf(joined.replaceAll('\n', lineEnd), blockBytes)
        expect(found).toEqual(expected.map((text, i) => ({ line: i + 1, text, tooLong: false })))
      }),
    )
  })

  it.each(['\n', 'a\n', '\n\na', '', '\ufeff'])('are found in %j, which is shorter than a mark', async (text) => {
    expect((await linesOf(text, 1)).map((line) => line.text)).toEqual(
      text
        .replace('\ufeff', '')
        .split('\n')
        .slice(0, text.endsWith('a') ? undefined : -1),
    )
  })

  it('keep characters that a block cuts in two', async () =>
    expect((await linesOf('a€é\n漢', 1)).map(({ text }) => text)).toEqual(['a€é', '漢']))

  it('keep the beginning of one that is too long, and go on after it', async () => {
    const long = 'x'.repeat(10_000_000)
    const found = await linesOf(`a\n${long}\nb\n${long}`, 65_536)
    expect(found.map(({ line, tooLong }) => [line, tooLong])).toEqual([
      [1, false],
      [2, true],
      [3, false],
      [4, true],
    ])
    expect(Math.max(...found.map(({ text }) => text.length))).toBeLessThan(1_000)
  })

  it.each<[string, Buffer, RegExp]>([
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]), /gzip/],
    ['zip', Buffer.from('PK\x03\x04rest'), /zip archive/],
    ['UTF-16', Buffer.from('\ufeffdate,open', 'utf16le'), /UTF-16/],
  ])('are not looked for in %s', async (_, bytes, message) => {
    await expect(linesOf(bytes, 1)).rejects.toMatchObject({ code: 'source_malformed', message: expect.stringMatching(message) })
  })
})
