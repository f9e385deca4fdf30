import { expect, test } from 'vitest'
import { trainingRunReport } from '#reports/training-run-report.ts'
import type { TrainingRunStory } from '#reports/training-run/story.ts'
import { attribute, reachesOut, readPage, textOf } from './read-page.ts'
import { planted, trainingRunStory, youngStory } from './stories.ts'

const shadowed: TrainingRunStory = {
  ...trainingRunStory,
  run: {
    ...trainingRunStory.run,
    evaluation: null,
    recipe: {
      ...trainingRunStory.run.recipe,
      segments: { train: trainingRunStory.run.recipe.segments.train, earlyStopping: trainingRunStory.run.recipe.segments.earlyStopping },
    },
  },
  errors: null,
}
const stories = { trained: trainingRunStory, young: youngStory, shadowed }

test.each(Object.entries(stories))('%s: parses without a fault, loads and runs nothing, and is the same bytes again', (_, story) => {
  const page = trainingRunReport(story)
  const read = readPage(page)
  expect(read.faults).toEqual([])
  expect(reachesOut(read)).toEqual([])
  expect(trainingRunReport(structuredClone(story))).toBe(page)
  const ids = read.elements.flatMap((element) => attribute(element, 'id') ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of read.elements.flatMap((element) => attribute(element, 'aria-labelledby')?.split(' ') ?? [])) expect(ids).toContain(id)
})

const headings = (story: TrainingRunStory) =>
  readPage(trainingRunReport(story))
    .elements.filter((e) => e.tagName === 'h2')
    .map(textOf)

test('a run that was judged tells everything', () => {
  expect(headings(trainingRunStory)).toEqual([
    'What was asked',
    'How it was judged',
    'Its errors over the test sessions',
    'How it was fitted',
    'What the features gained',
    'Who decided',
    'From which bytes',
  ])
  const { text } = readPage(trainingRunReport(trainingRunStory))
  const { run, snapshot, version } = trainingRunStory
  for (const said of [run.id, run.onnxSha256!, snapshot!.id, version!.sidecar.sha256, 'better than persistence', 'approver', 'range_5'])
    expect(text).toContain(said)
})

test('a run tells only what it has come to', () => {
  expect(headings(youngStory)).toEqual(['What was asked', 'Who decided', 'From which bytes'])
  expect(headings(shadowed)).not.toContain('How it was judged')
  expect(readPage(trainingRunReport(shadowed)).text).toContain('judges it in shadow')
})

test('nothing that comes from outside becomes markup', () => {
  const plant = `</title><script>alert(1)</script><img src=x onerror='alert(2)'>"&`
  // closed words decide what is told; everything else may be anything
  const closed = new Set([
    'state',
    'kind',
    'model',
    'phase',
    'verdict',
    'measure',
    'segment',
    'stage',
    'startFrom',
    'missing',
    'knownAtBasis',
  ])
  const page = trainingRunReport(planted(trainingRunStory, plant, closed))
  const read = readPage(page)
  expect(read.text.split('<script>alert(1)</script>').length).toBeGreaterThan(20)
  expect(page).not.toContain('<script')
  expect(page).not.toContain('<img')
  expect(reachesOut(read).filter((found) => !found.includes('alert'))).toEqual([])
  expect(read.elements.filter((e) => ['script', 'img'].includes(e.tagName))).toEqual([])
})

test('a long search is drawn with every so-many-th point, its last among them', () => {
  const [point] = trainingRunStory.progress
  const progress = Array.from({ length: 20_000 }, (_, index) => ({ ...point!, step: index + 1, round: index + 1 }))
  const page = trainingRunReport({ ...trainingRunStory, progress })
  expect(page.length).toBeLessThan(trainingRunReport(trainingRunStory).length + 200_000)
  const cells = readPage(page)
    .elements.filter((e) => e.tagName === 'td')
    .map((e) => textOf(e).trim())
  expect(cells).toContain('20000')
})
