import { expect, test } from 'vitest'
import { demoReport } from '#reports/demo-report.ts'
import { attribute, reachesOut, readPage, textOf } from './read-page.ts'
import { demoStory, planted, quietStory } from './stories.ts'

test.each([
  ['promoted', demoStory],
  ['quiet', quietStory],
  ['before the first score', { ...quietStory, scores: [] }],
])('%s: parses without a fault, loads and runs nothing, and is the same bytes again', (_, story) => {
  const page = demoReport(story)
  const read = readPage(page)
  expect(read.faults).toEqual([])
  expect(reachesOut(read)).toEqual([])
  expect(demoReport(structuredClone(story))).toBe(page)
  const ids = read.elements.flatMap((element) => attribute(element, 'id') ?? [])
  expect(new Set(ids).size).toBe(ids.length)
})

const headings = (story: typeof demoStory) =>
  readPage(demoReport(story))
    .elements.filter((e) => e.tagName === 'h2')
    .map(textOf)

test('it tells what was seen, decided and undone, in this order', () => {
  const { session } = demoStory.retrains[0]!
  expect(headings(demoStory)).toEqual([
    'How to read this',
    'Two labels, one gate',
    'What the models lost',
    'When decay was called',
    'Did the features drift?',
    `The challenger of ${session}`,
    'What answered, and when',
    'Undone by one command',
    'One answer, followed back to its bars',
  ])
})

test('alarms and verdicts are marked at their sessions', () => {
  const { elements } = readPage(demoReport(demoStory))
  const told = elements.filter((e) => attribute(e, 'class') === 'events').map((e) => textOf(e).replace(/\s+/g, ' ').trim())
  const [retrain] = demoStory.retrains
  expect(told).toEqual([
    `A ${retrain!.session}: decay. the loss rose B ${retrain!.looks[1]!.through}: range-large-steps@2 is judged: better, and promoted`,
    `A ${retrain!.session}: alarm at 1.545`,
  ])
})

test('without a promotion it says why', () => {
  const { text } = readPage(demoReport(quietStory))
  expect(text).toContain('none: no alarm started a retrain')
  expect(text).toContain('No alert was raised.')
  expect(text).toContain('no challenger was trained')
})

test('it says that the bars are real, that the scenario was chosen, and what persistence did', () => {
  const { text } = readPage(demoReport(demoStory))
  for (const said of ['chosen after looking at the data', 'real, released at a fast pace', '84.2 ms'])
    expect(text.replace(/\s+/g, ' ')).toContain(said)
  for (const said of ['persistence', 'rsi_14', 'below 0.001', 'range-large-steps@2']) expect(text).toContain(said)
})

test('nothing that comes from outside becomes markup', () => {
  const plant = `</title><script>alert(1)</script><img src=x onerror='alert(2)'>"&`
  const closed = new Set([
    'state',
    'kind',
    'verdict',
    'severity',
    'trigger',
    'strategy',
    'began',
    'what',
    'session',
    'through',
    'phase',
    'measure',
  ])
  const page = demoReport(planted(demoStory, plant, closed))
  const read = readPage(page)
  expect(read.text.split('<script>alert(1)</script>').length).toBeGreaterThan(20)
  expect(page).not.toContain('<script')
  expect(page).not.toContain('<img')
  expect(read.elements.filter((e) => ['script', 'img'].includes(e.tagName))).toEqual([])
})
