import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCanaryTurn, placeOfUnit } from '#domain/rollout/traffic-split.ts'

const units = Array.from({ length: 20_000 }, (_, index) => `unit-${index}`)

describe('by turns', () => {
  test('of any first n requests, n · share go to the canary, to the nearest whole one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 2_000 }), (share, requests) => {
        let canary = 0
        for (let turn = 1; turn <= requests; turn++) {
          if (isCanaryTurn(turn, share)) canary++
          expect(Math.abs(canary - turn * share)).toBeLessThanOrEqual(0.5 + 1e-9)
        }
      }),
    )
  })

  test('ten of a hundred are every tenth', () => {
    const turns = Array.from({ length: 100 }, (_, index) => index + 1).filter((turn) => isCanaryTurn(turn, 0.1))
    expect(turns).toEqual([5, 15, 25, 35, 45, 55, 65, 75, 85, 95])
  })
})

describe('by unit', () => {
  const deployment = '01980000-0000-7000-8000-000000000003'

  test('the same place each time, evenly spread', () => {
    const places = units.map((unit) => placeOfUnit(deployment, unit))
    expect(units.map((unit) => placeOfUnit(deployment, unit))).toEqual(places)
    for (const share of [0.01, 0.1, 0.5]) {
      const canary = places.filter((place) => place < share).length
      // five standard deviations of a binomial count
      expect(Math.abs(canary - units.length * share)).toBeLessThan(5 * Math.sqrt(units.length * share * (1 - share)))
    }
  })

  test('another deployment tries it on other units first', () => {
    const first = new Set(units.filter((unit) => placeOfUnit(deployment, unit) < 0.1))
    const second = units.filter((unit) => placeOfUnit(randomUUID(), unit) < 0.1)
    expect(second.filter((unit) => first.has(unit)).length).toBeLessThan(second.length / 5)
  })
})
