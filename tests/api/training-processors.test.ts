/** What a training run makes of features and label, asked for by HTTP. No worker runs: what matters is what would be started. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiWorld, type ApiWorld, furnish, trainBody } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await apiWorld()
  await furnish(world)
})
afterAll(() => world?.close())

const train = (fields: object) => world.ask('POST /api/v1/training-runs', { body: { ...trainBody, ...fields } })

test('the label of a run is the expression of what becomes of it', async () => {
  const answer = await train({ processors: [{ kind: 'CSZScoreNorm' }, { kind: 'Fillna' }], labelProcessors: [{ kind: 'CSRankNorm' }] })
  expect(answer.status, answer.text).toBe(202)
  const processors = [
    { kind: 'CSZScoreNorm', method: 'zscore' },
    { kind: 'Fillna', fillValue: 0 },
  ]
  expect(answer.json().recipe).toMatchObject({
    label: { expression: '(CSRank(Log(Ref($high,-1)/Ref($low,-1)+0.001))-0.5)*3.46' },
    processors,
  })
})

test('one across symbols after one that is fitted is refused, and so is a label that is filled', async () => {
  const answer = await train({ processors: [{ kind: 'ZScoreNorm' }, { kind: 'CSRankNorm' }] })
  expect([answer.status, answer.json()]).toMatchObject([
    422,
    { code: 'invalid_request', issues: [{ path: 'body.processors.1.kind', message: expect.stringContaining('put it before') }] },
  ])
  expect((await train({ labelProcessors: [{ kind: 'CSZFillna' }] })).status).toBe(422)
})

test('a feature that processors make too long for an expression is told', async () => {
  const fill = { kind: 'Fillna' }
  const answer = await train({ processors: [fill, fill, fill, fill, fill, { kind: 'CSRankNorm' }] })
  expect([answer.status, answer.json().code]).toEqual([422, 'expression_invalid'])
  expect(answer.json().detail).toMatch(/^feature \w+: an expression has at most 2000 characters/)
})
