import { describe, expect, it } from 'vitest'
import { type LeakGroup, plausibleExcess, shiftLabel, testLabelLeak } from '#domain/trust/label-leak.ts'
import { randomNumbers } from '#tests/support/bars.ts'

const symbols = 30

/** Normal numbers by Box and Muller, from a seed. */
function normals(seed: number): () => number {
  const random = randomNumbers(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

const groupsOf = (sessions: number): LeakGroup[] =>
  Array.from({ length: sessions }, (_, session) => ({
    cluster: session,
    rows: Int32Array.from({ length: symbols }, (_, symbol) => symbol * sessions + session),
  }))

/** A label that follows itself from session to session, and a feature that tells a share of it. */
function panel(seed: number, { sessions, follows, tells }: { sessions: number; follows: number; tells: number }) {
  const normal = normals(seed)
  const rows = symbols * sessions
  const owner = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / sessions))
  const label = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const last = row % sessions === 0 ? normal() : label[row - 1]!
    label[row] = follows * last + Math.sqrt(1 - follows ** 2) * normal()
  }
  const feature = label.map((value) => tells * value + Math.sqrt(1 - tells ** 2) * normal())
  return { feature, labels: { label, before: shiftLabel(label, owner, 1), behind: shiftLabel(label, owner, -1) } }
}

/** Pearson's correlation that gives this Spearman's in two normal columns. */
const pearsonOf = (spearman: number) => 2 * Math.sin((Math.PI * spearman) / 6)

describe('the test of a leak', () => {
  it('rejects an excess that is just plausible as seldom as it says', () => {
    const runs = 400
    let rejected = 0
    for (let seed = 1; seed <= runs; seed++) {
      // a little more than the bound: in thirty ranks, Spearman's correlation is that much nearer to zero
      const { feature, labels } = panel(seed, { sessions: 60, follows: 0, tells: pearsonOf(plausibleExcess) })
      if (testLabelLeak(feature, labels, groupsOf(60), { features: 1, reach: 1 }).pValue! < 0.05) rejected++
    }
    // a binomial count of 400 at 5 % stays below 34 in all but 1 of 1,000 cases
    expect(rejected).toBeLessThan(34)
  })

  it('finds twice that in a year, also where the label follows itself', () => {
    for (const follows of [0, 0.5])
      for (let seed = 1; seed <= 20; seed++) {
        const { feature, labels } = panel(seed, { sessions: 250, follows, tells: follows === 0 ? 0.4 : 0.8 })
        expect(testLabelLeak(feature, labels, groupsOf(250), { features: 158, reach: 1 })).toMatchObject({
          observations: 248,
          suspicious: true,
        })
      }
  })

  it('takes a feature of the past for what it is, whatever the label’s memory', () => {
    for (const follows of [0, 0.5, 0.9]) {
      const { labels } = panel(7, { sessions: 250, follows, tells: 0 })
      const tested = testLabelLeak(labels.before, labels, groupsOf(250), { features: 1, reach: 1 })
      expect(tested).toMatchObject({ suspicious: false, before: expect.closeTo(1, 6) })
      expect(tested.label).toBeCloseTo(follows, 0)
    }
  })

  it('finds a leak whatever its sign, and says nothing on fewer than twelve sessions', () => {
    const { labels } = panel(9, { sessions: 40, follows: 0, tells: 1 })
    const inverse = labels.label.map((value) => -value)
    expect(testLabelLeak(inverse, labels, groupsOf(40), { features: 10, reach: 1 })).toMatchObject({ suspicious: true, label: -1 })
    expect(testLabelLeak(inverse, labels, groupsOf(40).slice(0, 12), { features: 10, reach: 1 })).toMatchObject({
      observations: 11,
      pValue: null,
      suspicious: false,
    })
  })

  it('shifts within a symbol', () => {
    const label = Float32Array.of(1, 2, 3, 10, 20)
    const owner = Int32Array.of(0, 0, 0, 1, 1)
    expect([...shiftLabel(label, owner, 1)]).toEqual([NaN, 1, 2, NaN, 10])
    expect([...shiftLabel(label, owner, -2)]).toEqual([3, NaN, NaN, NaN, NaN])
  })
})
