import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { FeatureBuildManifest } from '#contracts/features.ts'
import { FitInput, FitReport, FitResult, ProgressPoint } from '#contracts/training.ts'

/** The same files are parsed by trainer/tests/test_contracts.py: both sides accept and refuse the same. */
const messages: [name: string, schema: z.ZodType][] = [
  ['fit-input', FitInput],
  ['fit-input-without-test', FitInput],
  ['fit-input-of-a-universe', FitInput],
  ['fit-result', FitResult],
  ['fit-report', FitReport],
  ['progress-point', ProgressPoint],
  ['feature-build-manifest', FeatureBuildManifest],
  ['feature-build-manifest-as-of', FeatureBuildManifest],
  ['feature-build-manifest-of-a-universe', FeatureBuildManifest],
]

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../contracts/fixtures/${name}.json`, import.meta.url), 'utf8')) as Json

/** The message once for each object in it whose keys are fixed, with one of those keys misspelt. */
function* misspelt(message: Json, at = ''): Generator<{ at: string; message: Json }> {
  if (message === null || typeof message !== 'object') return
  if (Array.isArray(message)) {
    for (const [index, item] of message.entries())
      for (const { at: inner, message: changed } of misspelt(item, `${at}[${index}]`))
        yield { at: inner, message: message.with(index, changed) }
    return
  }
  for (const [key, value] of Object.entries(message)) {
    const { [key]: _, ...others } = message
    if (!free.test(at)) yield { at: `${at}.${key}`, message: { ...others, [`${key}x`]: value } }
    for (const { at: inner, message: changed } of misspelt(value, `${at}.${key}`))
      yield { at: inner, message: { ...message, [key]: changed } }
  }
}

/** Maps from names that the contract leaves open. */
const free = /^\.(metrics|libraries)$/

describe.each(messages)('%s', (name, schema) => {
  test('parses to what was written', () => {
    expect(schema.parse(fixture(name))).toEqual(fixture(name))
  })

  test('refuses every misspelt key', () => {
    const changed = [...misspelt(fixture(name))]
    expect(changed.length).toBeGreaterThan(3)
    const accepted = changed.filter(({ message }) => schema.safeParse(message).success).map(({ at }) => at)
    expect(accepted).toEqual([])
  })
})
