import { describe, expect, test } from 'vitest'
import { describeTrace } from '#cli/commands/trace.ts'
import { bar, createTicker, duration, facts, figure, pageOf, table } from '#cli/output.ts'
import type { Trace } from '#contracts/predictions.ts'

describe('output', () => {
  test('a table is as wide as its widest cells, numbers to the right', () => {
    const rows = [
      { name: 'a', n: 5 },
      { name: 'longer', n: null },
    ]
    const columns = [
      { title: 'name', value: (row: (typeof rows)[0]) => row.name },
      { title: 'n', value: (row: (typeof rows)[0]) => row.n, right: true },
    ]
    expect(table(rows, columns)).toBe('NAME    N\na       5\nlonger  –')
    expect(table([], columns)).toBe('nothing yet')
    expect(pageOf({ items: rows, nextCursor: 'abc' }, columns)).toMatch(/more: --after abc$/)
  })

  test('facts leave out what is not known', () => {
    expect(facts({ a: 1, longer: null, b: '', c: 'x' })).toBe('a  1\nc  x')
  })

  test.each([
    [0, '0s'],
    [59.4, '59s'],
    [59.6, '1m 0s'],
    [200, '3m 20s'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text))

  test('figures have six digits and no more than the number has', () => {
    expect([figure(0.1234567891), figure(0.5), figure(1234567), figure(null)]).toEqual(['0.123457', '0.5', '1234570', null])
  })

  test('a bar is full at the end, and never before', () => {
    expect(bar(1, 2, 4)).toBe('██░░  50 %')
    expect(bar(2, 2, 4)).toBe('████ 100 %')
    expect(bar(999, 1000, 4)).toContain('99 %')
    expect(bar(0, 0, 4)).toContain('100 %')
  })

  test('a ticker draws over its line for a person, and prints changes for a log', () => {
    const write = (interactive: boolean) => {
      const written: string[] = []
      const ticker = createTicker(interactive, (text) => written.push(text))
      for (const line of ['one', 'one', 'two']) ticker.show(line)
      ticker.end()
      return written
    }
    expect(write(false)).toEqual(['one\n', 'two\n'])
    expect(write(true)).toEqual(['\r\x1b[2Kone', '\r\x1b[2Ktwo', '\n'])
  })
})

describe('a trace', () => {
  const sha = (digit: string) => digit.repeat(64)
  const trace: Trace = {
    predictionId: '01985b7e-0000-7000-8000-000000000000',
    endpoint: 'range',
    model: { name: 'range-lightgbm', version: 1 },
    runId: '01985b7e-0000-7000-8000-000000000001',
    deploymentId: '01985b7e-0000-7000-8000-000000000002',
    buildId: sha('b'),
    snapshotId: sha('c'),
    onnxSha256: sha('a'),
    symbol: 'AAPL',
    session: '2008-05-30',
    bars: { firstSession: '2008-02-01', lastSession: '2008-05-30', rows: 84 },
    links: [
      { what: 'onnx', name: 'model.onnx', recordedSha256: sha('a'), actualSha256: sha('a'), matches: true },
      { what: 'snapshot-chunk', name: 'chunk 1', recordedSha256: sha('d'), actualSha256: sha('e'), matches: false },
    ],
    featuresRecomputed: true,
    recordedValue: 0.0123,
    recomputedValue: 0.0123,
    verified: false,
  }

  test('shows every hash whole, and marks what does not match', () => {
    const text = describeTrace(trace)
    expect(text).toContain(`✔ onnx model.onnx  ${sha('a')}`)
    expect(text).toContain(`✘ snapshot-chunk chunk 1  ${sha('d')} but found ${sha('e')}`)
    expect(text).toContain('bars of AAPL, 2008-02-01 to 2008-05-30: 84 rows')
    expect(text).toContain('✔ computed again: 0.0123')
    expect(describeTrace({ ...trace, recomputedValue: 0.0124 })).toContain('✘ computed again: 0.0124')
  })
})
