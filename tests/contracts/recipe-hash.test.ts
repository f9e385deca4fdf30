import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { derivedId } from '#contracts/derived-id.ts'
import { recipeHashOf } from '#contracts/recipe-hash.ts'
import { Recipe } from '#contracts/training.ts'
import { Id } from '#contracts/words.ts'

const { recipe } = JSON.parse(readFileSync(new URL('../../contracts/fixtures/fit-input.json', import.meta.url), 'utf8')) as {
  recipe: Recipe
}

it('a recipe has one hash, however it is written, and another when anything in it differs', () => {
  const hash = recipeHashOf(recipe)
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  const reversed = Object.fromEntries(Object.entries(recipe).reverse()) as Recipe
  expect(recipeHashOf(reversed)).toBe(hash)
  expect(recipeHashOf(Recipe.parse(recipe))).toBe(hash)
  const { test, ...segments } = recipe.segments
  expect(recipeHashOf({ ...recipe, segments: { ...segments, test: undefined } })).toBe(recipeHashOf({ ...recipe, segments }))
  const others = [
    { seed: 1 },
    { segments },
    { missing: 'accept' as const },
    { label: { ...recipe.label, kind: 'cross-sectional' as const } },
  ]
  const hashes = others.map((change) => recipeHashOf({ ...recipe, ...change }))
  expect(new Set([hash, ...hashes]).size).toBe(5)
  expect(test).toBeDefined()
})

it('an id that is derived is an id, and the same for the same text', () => {
  fc.assert(fc.property(fc.string(), (text) => Id.safeParse(derivedId(text)).success && derivedId(text) === bytewise(text)))
  expect(derivedId('calibration/a/0')).not.toBe(derivedId('calibration/a/1'))
})

/** RFC 9562, section 5.8, on the bytes themselves. */
function bytewise(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
