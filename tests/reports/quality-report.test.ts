import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { QualityReport } from '#contracts/quality.ts'
import { qualityReport } from '#reports/quality-report.ts'
import type { QualityStory } from '#reports/quality/story.ts'
import { attribute, reachesOut, readPage, textOf } from './read-page.ts'

const fixture = QualityReport.parse(
  JSON.parse(readFileSync(new URL('../../contracts/fixtures/quality-report.json', import.meta.url), 'utf8')),
)

const storyOf = (quality: QualityReport): QualityStory => ({
  snapshot: {
    id: quality.snapshotId,
    dataset: 'us-daily',
    manifest: { uri: `objects/aa/${'a'.repeat(64)}.json`, sha256: 'a'.repeat(64), bytes: 4096 },
    rows: quality.rows,
    symbols: quality.symbols.length,
    firstSession: quality.firstSession,
    lastSession: quality.lastSession,
    knownAtBasis: 'assumed',
    optionalColumns: [],
    actions: quality.actions,
    createdAt: '2026-01-05T10:00:00.000Z',
    parentId: null,
    tags: [],
    note: null,
    collectedAt: null,
  },
  quality,
})

const nothing = { total: 0, shown: [] }
const clean: QualityReport = {
  ...fixture,
  present: fixture.expected,
  findings: [],
  months: fixture.months.map((month) => ({ ...month, present: month.expected })),
  symbols: fixture.symbols.map((symbol) => ({ ...symbol, status: 'listed', missing: 0, incomplete: [] })),
  gaps: nothing,
  stale: nothing,
  zeroVolume: nothing,
  moves: nothing,
  shapes: nothing,
  disagreements: nothing,
  quarantine: { rows: 0, reasons: [] },
}
/** Of more symbols than the page shows. */
const many: QualityReport = {
  ...fixture,
  symbols: Array.from({ length: 600 }, (_, n) => ({
    ...fixture.symbols[n % 2]!,
    symbol: `S${String(n).padStart(3, '0')}`,
    largestZ: n / 40,
  })),
}

test.each(Object.entries({ fixture, clean, many }))(
  '%s: parses without a fault, loads and runs nothing, and is the same bytes again',
  (_, quality) => {
    const page = qualityReport(storyOf(quality))
    const read = readPage(page)
    expect(read.faults).toEqual([])
    expect(reachesOut(read)).toEqual([])
    expect(qualityReport(structuredClone(storyOf(quality)))).toBe(page)
    const ids = read.elements.flatMap((element) => attribute(element, 'id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
  },
)

test('tells each finding, and each list behind them', () => {
  const { text, elements } = readPage(qualityReport(storyOf(fixture)))
  expect(elements.filter((e) => e.tagName === 'h2').map(textOf)).toEqual([
    'What to look at',
    'Coverage',
    'Gaps',
    'Extreme moves',
    'Prices that stand still',
    'Odd bars',
    'Against the vendor’s adjusted close',
    'Refused rows',
    'Symbols',
    'How it was judged',
  ])
  for (const { text: told } of fixture.findings) expect(text).toContain(told)
  for (const told of [
    '1 critical finding and 1 warning',
    '118 of 122 expected bars',
    'takes it back',
    'IBM,2008-01-04,104,105,103,104,-5',
    'ends early',
  ])
    expect(text).toContain(told)
})

test('what was looked for and not found is said', () => {
  const { text } = readPage(qualityReport(storyOf(clean)))
  expect(text).toContain('Nothing critical was found, and no warning. Every expected bar is there.')
  for (const none of ['No gap was found', 'No extreme move was found', 'No session without volume', 'refused no row'])
    expect(text).toContain(none)
})

test('a long list says how much of it is on the page', () => {
  const { text, elements } = readPage(qualityReport(storyOf(many)))
  expect(text).toContain('the 80 of 600 symbols that miss most')
  expect(text.replace(/\s+/g, ' ')).toContain('The first 500 of 600 symbols')
  expect(text).toContain('Each symbol’s most extreme return')
  // those that miss bars come first
  const shown = elements.filter((e) => e.tagName === 'text').map(textOf)
  expect(shown).toContain('S001')
  expect(shown).not.toContain('S000')
})

test('what a source wrote stays text', () => {
  const planted = '<script>alert(1)</script><img src=x onerror="alert(2)">'
  const example = { file: planted, line: 7, reason: planted, raw: planted }
  const page = qualityReport(storyOf({ ...fixture, quarantine: { rows: 1, reasons: [{ reason: planted, rows: 1, example }] } }))
  expect(reachesOut(readPage(page))).toEqual([])
  expect(readPage(page).text).toContain(planted)
})
