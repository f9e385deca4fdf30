import { expect, test } from 'vitest'
import { bins } from '#reports/charts/bins.ts'
import { type AnyChart, letterOf, type LineChart } from '#reports/charts/chart.ts'
import { chartFigure } from '#reports/charts/figure.ts'
import { stripsOf } from '#reports/charts/strips.ts'
import { attribute, readPage, textOf } from './read-page.ts'
import { sessionsFrom, wave } from './stories.ts'

const sessions = sessionsFrom(14_000, 60)
const lines: LineChart = {
  kind: 'lines',
  id: 'loss',
  title: 'Loss by session',
  description: 'Lower is better.',
  xName: 'session',
  yName: 'loss',
  x: sessions,
  series: [
    { name: 'champion', tone: 'first', values: wave(60) },
    { name: 'persistence', tone: 'third', dashed: true, values: wave(60, 3).map((value, index) => (index === 7 ? null : value)) },
  ],
  bands: [{ name: 'challenge', from: sessions[20]!, to: sessions[40]! }],
  events: [
    { at: sessions[19]!, text: 'decay' },
    { at: sessions[40]!, text: 'promotion' },
  ],
}
const bars: AnyChart = {
  ...lines,
  kind: 'bars',
  id: 'gain',
  bars: [
    { name: 'rsi_14', value: 3 },
    { name: 'a & b', value: 1 },
  ],
}
const distribution: AnyChart = { ...lines, kind: 'distribution', id: 'gains', values: wave(60), mark: { name: 'none', value: 0 } }
const strips: AnyChart = {
  ...lines,
  kind: 'strips',
  id: 'coverage',
  levels: [
    { name: 'full', tone: 'fourth', strength: 0.4 },
    { name: 'none', tone: 'alarm', strength: 1 },
  ],
  rows: [
    { name: 'a & b', cells: sessions.map((_, at) => (at < 10 ? null : at < 20 ? 1 : 0)) },
    { name: 'IBM', cells: sessions.map(() => 0) },
  ],
}

const pageOf = (chart: AnyChart) => readPage(`<!doctype html><title>t</title>${chartFigure(chart).toString()}`)

test.each([lines, bars, distribution, strips])('$kind: a picture for each width, named for those who do not see it', (chart) => {
  const { faults, elements } = pageOf(chart)
  expect(faults).toEqual([])
  const pictures = elements.filter((element) => attribute(element, 'role') === 'img')
  expect(pictures.map((svg) => attribute(svg, 'aria-labelledby'))).toEqual(
    ['wide', 'narrow'].map((size) => `${chart.id}-${size}-title ${chart.id}-${size}-description`),
  )
  const names = elements.filter(
    ({ tagName, parentNode }) => tagName === 'title' && 'tagName' in parentNode! && parentNode.tagName === 'svg',
  )
  expect(names.map(textOf)).toEqual([chart.title, chart.title])
})

test.each([lines, bars, distribution, strips])('$kind: the same bytes again, whatever was drawn in between', (chart) => {
  const first = chartFigure(chart).toString()
  chartFigure({ ...lines, id: 'other' })
  expect(chartFigure(chart).toString()).toBe(first)
  expect(first).not.toMatch(/zr\d/)
})

test('colours are those of the page, so that dark mode reaches them', () => {
  const colours = pageOf(lines).elements.flatMap(({ attrs }) =>
    attrs.filter(({ name }) => name === 'fill' || name === 'stroke').map(({ value }) => value),
  )
  // ECharts itself fills clip paths, which nobody sees
  expect(new Set(colours.filter((colour) => !colour.startsWith('var(--')))).toEqual(new Set(['none', '#000']))
})

test('each line is drawn through its points, with a gap where one is missing', () => {
  const strokes = (tone: string) =>
    pageOf(lines)
      .elements.filter((e) => e.tagName === 'path' && attribute(e, 'stroke') === `var(--${tone})`)
      .map((e) => attribute(e, 'd')!)
  expect(
    strokes('first')
      .filter((d) => d.length > 200)
      .map((d) => d.match(/M/g)!.length),
  ).toEqual([1, 1])
  expect(
    strokes('third')
      .filter((d) => d.length > 200)
      .map((d) => d.match(/M/g)!.length),
  ).toEqual([2, 2])
})

test('events are lettered in the picture and told below it; every figure is in the table', () => {
  const { elements } = pageOf(lines)
  const letters = elements.filter((e) => e.tagName === 'text').map(textOf)
  expect(letters).toEqual(expect.arrayContaining(['A', 'B']))
  expect(elements.filter((e) => attribute(e, 'class') === 'events').map((e) => textOf(e).replace(/\s+/g, ' ').trim())).toEqual([
    `A ${sessions[19]}: decay B ${sessions[40]}: promotion`,
  ])
  const body = elements
    .filter((e) => e.tagName === 'tr')
    .map((e) =>
      e.childNodes
        .map(textOf)
        .map((cell) => cell.trim())
        .filter(Boolean),
    )
  expect(body).toHaveLength(61)
  expect(body[8]).toEqual([sessions[7], String(Number(wave(60)[7]!.toPrecision(4))), '–'])
})

test('letters go on after Z', () => {
  expect([0, 25, 26, 27, 51, 52, 701, 702].map(letterOf)).toEqual(['A', 'Z', 'AA', 'AB', 'AZ', 'BA', 'ZZ', 'AAA'])
})

test('bins hold every value once, the largest too, and all-equal values as well', () => {
  for (const values of [wave(200), [1, 1, 1], [0]]) {
    const found = bins(values)
    expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(values.length)
    for (const { from, to } of found) expect(to).toBeGreaterThan(from)
  }
  expect(bins([])).toEqual([])
})

test('neighbours of one level are one strip, and where there is nothing there is none', () => {
  const rows = [
    { name: 'a', cells: [null, 0, 0, 1, 0, null, 0] },
    { name: 'b', cells: [0, 0, 0, 0, 0, 0, 0] },
  ]
  expect(stripsOf(rows).map(({ row, from, to, level }) => [row, from, to, level])).toEqual([
    [0, 1, 2, 0],
    [0, 3, 3, 1],
    [0, 4, 4, 0],
    [0, 6, 6, 0],
    [1, 0, 6, 0],
  ])
})

test('strips are laid on in the colours of the page, from the left edge of the first cell to the right edge of the last', () => {
  const { elements } = pageOf(strips)
  const drawn = (tone: string) => elements.filter((e) => e.tagName === 'path' && attribute(e, 'fill') === `var(--${tone})`)
  expect([drawn('fourth').length, drawn('alarm').length]).toEqual([4, 2])
  // ten of the sixty cells of an axis that is 900 − 96 − 16 wide
  const [left, , width] = attribute(drawn('alarm')[0]!, 'd')!
    .match(/-?\d+(\.\d+)?/g)!
    .map(Number)
  expect(left).toBeCloseTo(96 + (10 / 60) * 788, 0)
  expect(width).toBeCloseTo((10 / 60) * 788, 0)
  const cells = elements.filter((e) => e.tagName === 'tr').map((e) => e.childNodes.map((cell) => textOf(cell).trim()).filter(Boolean))
  expect(cells.slice(1)).toEqual([
    ['a & b', '40', '10'],
    ['IBM', '60', '0'],
  ])
})
