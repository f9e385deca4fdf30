import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, canonicalJsonBytes } from '#contracts/canonical-json.ts'

describe('canonical JSON', () => {
  it('sorts keys at every depth and leaves absent fields out', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é"' }], a: undefined, B: true })).toBe('{"B":true,"b":[1,{"c":"é\\"","d":null}]}')
  })

  it('says the same value that it was given, and the same text whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))
      }),
    )
  })

  it('is the same in bytes, which are made block by block', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(new TextDecoder().decode(canonicalJsonBytes(value))).toBe(canonicalJson(value))
      }),
    )
    const long = Array.from({ length: 20_000 }, (_, index) => `é${index}`)
    expect(new TextDecoder().decode(canonicalJsonBytes(long))).toBe(JSON.stringify(long))
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1])('refuses %s, which JSON cannot hold', (value) =>
    expect(() => canonicalJson({ value })).toThrow(TypeError),
  )
})

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, field]) => [key, reversed(field)]),
  )
}
