import { describe, expect, it } from 'vitest'
import { keepNewest } from '#domain/keep-newest.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

describe('values that are kept', () => {
  it('are those asked for last', () => {
    const kept = new RecentlyUsed<number>(2)
    kept.set('a', 1)
    kept.set('b', 2)
    expect(kept.get('a')).toBe(1)
    kept.set('c', 3)
    expect([kept.get('a'), kept.get('b'), kept.get('c')]).toEqual([1, undefined, 3])
  })

  it('weigh no more than the bound together, also after one was replaced or dropped', () => {
    const kept = new RecentlyUsed<string>(5, ({ length }) => length)
    kept.set('a', 'xxx')
    kept.set('a', 'x')
    kept.set('b', 'xxxx')
    expect([kept.get('a'), kept.get('b')]).toEqual(['x', 'xxxx'])
    kept.set('c', 'xx')
    expect([kept.get('a'), kept.get('b'), kept.get('c')]).toEqual([undefined, undefined, 'xx'])
    kept.delete('c')
    kept.set('d', 'xxxxx')
    expect(kept.get('d')).toBe('xxxxx')
    kept.set('e', 'xxxxxx')
    expect([kept.get('d'), kept.get('e')]).toEqual([undefined, undefined])
  })

  it('are made once, and a failure is tried again', () => {
    const kept = new RecentlyUsed<number>(2)
    const fail = () => {
      throw new Error('not yet')
    }
    expect(() => kept.of('a', fail)).toThrow('not yet')
    expect([kept.of('a', () => 1), kept.of('a', fail)]).toEqual([1, 1])
  })
})

describe('promises that are kept', () => {
  it('are shared while they are made, and forgotten when they fail', async () => {
    const kept = keepNewest<number>(2)
    let made = 0
    const make = async () => ++made
    expect(await Promise.all([kept('a', make), kept('a', make)])).toEqual([1, 1])
    await expect(kept('b', async () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    expect(await kept('b', make)).toBe(2)
  })
})
