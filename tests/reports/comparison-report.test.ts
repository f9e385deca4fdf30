import { expect, test } from 'vitest'
import { Comparison } from '#contracts/snapshots.ts'
import { comparisonReport } from '#reports/comparison-report.ts'
import { attribute, reachesOut, readPage, textOf } from './read-page.ts'
import { planted } from './stories.ts'

const side = (letter: string) => ({
  dataset: 'us-daily',
  snapshotId: letter.repeat(64),
  rows: 100,
  firstSession: '2007-01-03',
  lastSession: '2008-05-30',
  knownAtBasis: 'assumed',
})
const session = (index: number) => new Date(Date.parse('2007-01-03') + index * 86_400_000).toISOString().slice(0, 10)
const dividend = (cash: number) => ({
  symbol: 'AAPL',
  exDate: '2007-02-01',
  kind: 'dividend',
  cash,
  knownAt: '2007-02-02T00:00:00.000Z',
  basis: 'derived',
})

const comparison = (sessions: number) =>
  Comparison.parse({
    format: 1,
    before: side('a'),
    after: side('b'),
    bars: { added: 1, removed: 1, revised: sessions },
    symbols: { added: ['NEW'], removed: ['OLD'] },
    sessions: { added: ['2008-05-30'], removed: [] },
    bySymbol: Array.from({ length: 30 }, (_, index) => ({ symbol: `S${index}`, added: index, removed: 0, revised: 1 })),
    bySession: Array.from({ length: sessions }, (_, index) => ({ session: session(index), added: 0, removed: 0, revised: 1 })),
    actions: { added: [dividend(0.1)], removed: [], changed: [{ before: dividend(0.2), after: dividend(0.3) }] },
    changes: Array.from({ length: 20 }, (_, index) => ({
      symbol: 'AAPL',
      session: session(index),
      kind: 'revised',
      values: { close: { before: 100, after: 100 + index / 10 }, adjustedClose: { before: null, after: 1 } },
    })),
    listed: { complete: sessions === 20, most: 20 },
    read: { chunks: 2, ofChunks: 100, bytes: 1, ofBytes: 100 },
  })

const headings = (page: string) =>
  readPage(page)
    .elements.filter((element) => element.tagName === 'h2')
    .map(textOf)

test.each([20, 900])('with %d sessions: parses without a fault, loads and runs nothing, and is the same bytes again', (sessions) => {
  const page = comparisonReport(comparison(sessions))
  const read = readPage(page)
  expect(read.faults).toEqual([])
  expect(reachesOut(read)).toEqual([])
  expect(comparisonReport(structuredClone(comparison(sessions)))).toBe(page)
  const ids = read.elements.flatMap((element) => attribute(element, 'id') ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  expect(headings(page)).toEqual([
    'Where in time',
    'In which symbols',
    'By how much closes were revised',
    'Single bars',
    'Corporate actions',
  ])
  for (const said of ['NEW', 'OLD', 'close 100 → 100.1', 'adjustedClose none → 1', sessions === 900 ? 'by month' : 'by session'])
    expect(read.text).toContain(said)
})

test('equal snapshots are said to be equal', () => {
  const equal = { ...comparison(1), bars: { added: 0, removed: 0, revised: 0 }, bySession: [], bySymbol: [], changes: [] }
  const page = comparisonReport({ ...equal, actions: { added: [], removed: [], changed: [] } })
  expect(headings(page)).toEqual([])
  expect(readPage(page).text).toContain('same bars')
})

test('nothing that comes from outside becomes markup', () => {
  const plant = `</title><script>alert(1)</script><img src=x onerror='alert(2)'>"&`
  const page = comparisonReport(planted(comparison(20), plant, new Set(['kind', 'knownAtBasis', 'basis'])))
  expect(page).not.toContain('<script')
  expect(page).not.toContain('<img')
})
