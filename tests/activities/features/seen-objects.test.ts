import { describe, expect, it } from 'vitest'
import { SeenObjects } from '#activities/features/seen-objects.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { StoredObject } from '#storage/object-store.ts'

const refOf = (name: string): ObjectRef => ({ uri: `objects/${name}`, sha256: name, bytes: 3 })

function world(...names: string[]) {
  const stored = new Set(names)
  const asked: string[] = []
  const find = async (key: string): Promise<StoredObject | undefined> => {
    asked.push(key)
    return stored.has(key.slice('objects/'.length)) ? { key, bytes: 3, modifiedAt: '2026-01-01T00:00:00Z' } : undefined
  }
  let now = 0
  const seen = new SeenObjects(() => now)
  return {
    lose: (name: string) => stored.delete(name),
    later: (ms: number) => (now += ms),
    asks: async (named: string[], collections: number | null = 0): Promise<string[]> => {
      asked.length = 0
      await seen.assert({ find }, named.map(refOf), collections)
      return asked.map((key) => key.slice('objects/'.length))
    },
  }
}

describe('objects that were seen in the store', () => {
  it('are not asked for again', async () => {
    const { asks } = world('a', 'b')
    expect(await asks(['a'])).toEqual(['a'])
    expect(await asks(['a', 'b'])).toEqual(['b'])
    expect(await asks(['a', 'b'])).toEqual([])
  })

  it('are asked for again once a collection began, and as long as one is open', async () => {
    const { asks } = world('a')
    await asks(['a'], 1)
    expect(await asks(['a'], null)).toEqual(['a'])
    expect(await asks(['a'], null)).toEqual(['a'])
    expect(await asks(['a'], 2)).toEqual(['a'])
    expect(await asks(['a'], 2)).toEqual([])
  })

  it('are asked for again after an hour, and what is lost is then told', async () => {
    const { asks, later, lose } = world('a')
    await asks(['a'])
    lose('a')
    later(3_600_000)
    expect(await asks(['a'])).toEqual([])
    later(1)
    await expect(asks(['a'])).rejects.toMatchObject({ code: 'object_missing', place: { object: 'objects/a' } })
  })

  it('do not count as seen when they are not there', async () => {
    const { asks } = world()
    await expect(asks(['a'])).rejects.toMatchObject({ code: 'object_missing' })
    await expect(asks(['a'])).rejects.toMatchObject({ code: 'object_missing' })
  })
})
