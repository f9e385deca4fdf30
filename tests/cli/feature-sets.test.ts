/** What a person types about feature sets of their own, and how a fault in a file is told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { cliWorld, type CliWorld } from './world.ts'

let world: CliWorld
beforeAll(async () => {
  world = await cliWorld()
})
afterAll(() => world?.close())

const add = async (text: string, ...more: string[]) => world.run('features', 'add', await world.file('set.yaml', text), ...more)

const mine = `
name: mine
description: Price and unrest
features:
  momentum_5: $close/Ref($close,5)-1
  unrest_20:
    expression: Std($close/Ref($close,1)-1,20)
    description: How much a day moves
`

test('a set is added, shown, found, changed and compared', async () => {
  expect((await add(mine)).out).toMatch(/set +mine@1\ndescription +Price and unrest\nfeatures +2/)
  expect((await add(mine, '--json')).json()).toMatchObject({ name: 'mine', version: 1 })
  expect((await add(mine.replace('Ref($close,5)', 'Ref($close,6)'), '--json')).json()).toMatchObject({ version: 2 })
  expect((await world.run('features', 'show', 'mine@1')).out).toMatch(/unrest_20 +Std\(.*\) +How much a day moves/)
  expect((await world.run('features', 'versions', 'mine', '--json')).json().items).toHaveLength(2)
  expect((await world.run('features', 'list', '--search', 'day moves')).out).toMatch(
    /^SET .*\nmine +2 +2 +admin +Price and unrest +unrest_20\n$/,
  )
  expect((await world.run('features', 'list', '--json')).json().items.map(({ name }: { name: string }) => name)).toContain('alpha158')
  expect((await world.run('features', 'compare', 'mine@1', 'mine@2')).out).toBe(
    'mine@1 → mine@2: 1 features are the same\n~ momentum_5  $close/Ref($close,5)-1\n              $close/Ref($close,6)-1\n',
  )
  const schema = (await world.run('features', 'schema', '--json')).json()
  expect(z.fromJSONSchema(schema).safeParse({ name: 'x', features: { a: '$close' } }).success).toBe(true)
  expect(z.fromJSONSchema(schema).safeParse({ name: 'x', features: { a: 5 } }).success).toBe(false)
})

test('a set says how much of a build may be no number', async () => {
  const limited = `${mine.replace('name: mine', 'name: limited')}limits:\n  infinite: 0.002\n  missing: 0.1\n`
  expect((await add(limited)).out).toMatch(/limits +infinite 0\.2 %, missing 10 %/)
  expect((await world.run('features', 'show', 'limited', '--json')).json()).toMatchObject({ limits: { infinite: 0.002, missing: 0.1 } })
  expect((await add(limited.replace('0.002', '0.003'), '--json')).json()).toMatchObject({ version: 2 })
  expect((await add(mine.replace('name: mine', 'name: limited'), '--json')).json()).not.toHaveProperty('limits')
})

describe('a fault is told with the line of the file', () => {
  const cases: [string, string, string, number][] = [
    [
      'an expression that looks ahead',
      mine.replace('Ref($close,5)', 'Ref($close,-5)'),
      'feature momentum_5: this looks 5 sessions ahead',
      5,
    ],
    ['an unknown column in the long form', mine.replace('Std($close', 'Std($clse'), 'there is no column $clse', 6],
    ['a name twice in a mapping', `${mine}  momentum_5: $open\n`, '"momentum_5" stands there twice', 9],
    [
      'a name twice in a list',
      'name: mine\nfeatures:\n- {name: a, expression: $close}\n- {name: b, expression: $open}\n- {name: a, expression: $low}\n',
      'the feature a is defined twice',
      5,
    ],
    ['a value of the wrong kind', mine.replace('$close/Ref($close,5)-1', '[1, 2]'), 'features.momentum_5', 5],
    ['an unknown field', `${mine}    colour: red\n`, 'features.unrest_20.colour: unknown field', 9],
    ['a limit that is no share', `${mine}limits: {infinite: 2}\n`, 'limits.infinite', 9],
    ['a name that cannot be', mine.replace('name: mine', 'name: Mine!'), 'name: lower-case letters', 2],
    ['no features', 'name: mine\n', 'features', 1],
    ['what is not YAML', 'name: [mine\nfeatures: {', '', 2],
  ]
  test.each(cases)('%s', async (_, text, words, line) => {
    const told = await add(text)
    expect([told.code, told.out]).toEqual([1, ''])
    expect(told.err).toContain(`set.yaml:${line}: `)
    expect(told.err).toContain(words)
    const { error } = (await add(text, '--json')).json()
    expect(error).toMatchObject({ place: { line } })
  })
})
