import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { binomialUpperTail, fisherUpperTail } from '#domain/rollout/tail-probabilities.ts'

type Four = [number, number, number, number]
const { fisher, binomial } = JSON.parse(readFileSync(new URL('./fixtures/tails.json', import.meta.url), 'utf8')) as {
  fisher: [...Four, number][]
  binomial: Four[]
}

/** Relative, and absolute below what double arithmetic leaves of 1 − p. */
const expectClose = (actual: number, expected: number) => expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-6 * expected + 1e-12)

describe('against SciPy', () => {
  test("Fisher's exact test, one-sided", () => {
    expect(fisher.length).toBe(200)
    for (const [hits, drawn, otherHits, otherDrawn, chance] of fisher)
      expectClose(fisherUpperTail(hits, drawn, otherHits, otherDrawn), chance)
  })

  test('the binomial upper tail', () => {
    expect(binomial.length).toBe(200)
    for (const [hits, drawn, rate, chance] of binomial) expectClose(binomialUpperTail(hits, drawn, rate), chance)
  })
})

describe('at the edges', () => {
  test.each<[...Four, number]>([
    [0, 0, 5, 10, 1],
    [3, 10, 0, 0, 1],
    [0, 10, 0, 10, 1],
    [10, 10, 10, 10, 1],
  ])('%d of %d beside %d of %d', (...given) => expect(fisherUpperTail(given[0], given[1], given[2], given[3])).toBe(given[4]))

  test('a rate of nothing makes any hit impossible', () => {
    expect(binomialUpperTail(1, 10, 0)).toBe(0)
    expect(binomialUpperTail(0, 10, 0)).toBe(1)
    expect(binomialUpperTail(10, 10, 1)).toBe(1)
  })
})
