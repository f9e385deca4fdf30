import { describe, expect, test } from 'vitest'
import { FaultPlan } from './fault-plan.ts'

const counted = () => {
  let done = 0
  return { work: () => Promise.resolve(++done), done: () => done }
}

describe('a fault plan', () => {
  test('fails the Nth matching operation only, before it happens', async () => {
    const plan = new FaultPlan({ on: /^put$/, nth: 2 })
    const { work, done } = counted()
    await plan.run('get', work)
    await plan.run('put', work)
    await expect(plan.run('put', work)).rejects.toThrow('injected fault: put')
    expect(done()).toBe(2)
    await plan.run('put', work)
    expect(done()).toBe(3)
    expect(plan.seen).toEqual(['put', 'put', 'put'])
    expect(plan.fired).toBe(1)
  })

  test('fails it after it happened, when asked', async () => {
    const plan = new FaultPlan({ on: /./, nth: 1, when: 'after' })
    const { work, done } = counted()
    await expect(plan.run('put', work)).rejects.toThrow('injected fault')
    expect(done()).toBe(1)
  })

  test('fails as many in a row as asked', async () => {
    const plan = new FaultPlan({ on: /./, nth: 2, times: 2 })
    const { work } = counted()
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => plan.run('put', work)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  })

  test('an error of the work itself is not hidden', async () => {
    const plan = new FaultPlan({ on: /./, nth: 9 })
    await expect(plan.run('put', () => Promise.reject(new Error('real')))).rejects.toThrow('real')
  })

  test.each([0, -1, 1.5])('refuses to count from %d', (nth) => {
    expect(() => new FaultPlan({ on: /./, nth })).toThrow(RangeError)
  })
})
