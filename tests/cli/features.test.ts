/** What a person types about feature sets that follow a dataset, and about builds of what was known at a time. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cliWorld, type CliWorld } from './world.ts'

let world: CliWorld
beforeAll(async () => {
  world = await cliWorld()
})
afterAll(() => world?.close())

const label = ['--label', 'Ref($close,-1)/$close-1']
const dataset = ['--dataset', 'us-daily']

test('a set follows a dataset, is listed, and follows it no more', async () => {
  const { code, out, err } = await world.run('features', 'follow', 'technical', ...dataset, ...label)
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/set +technical/)
  const { items } = (await world.run('features', 'following', 'us-daily', '--json')).json()
  expect(items).toMatchObject([{ featureSet: 'technical', requestedBy: 'admin' }])
  expect((await world.run('features', 'following', 'us-daily')).out).toMatch(/technical +Ref\(\$close,-1\)/)
  expect((await world.run('features', 'unfollow', 'us-daily', items[0].id)).out).toBe('technical follows us-daily no more\n')
  expect(await world.run('features', 'unfollow', 'us-daily', items[0].id)).toMatchObject({
    code: 1,
    err: expect.stringContaining('not_found'),
  })
})

test('a build of what was known at a time says which; a day is its end in UTC', async () => {
  const build = (...more: string[]) => world.run('features', 'build', 'technical', ...dataset, ...label, '--no-wait', ...more)
  expect((await build('--as-of', '2007-02-01', '--json')).json().asOf).toBe('2007-02-01T23:59:59.999Z')
  expect((await build('--as-of', '2007-02-01T12:00:00+02:00')).out).toMatch(/as known at +2007-02-01 10:00:00/)
  expect((await build()).out).not.toContain('as known at')
  expect(await build('--as-of', 'yesterday')).toMatchObject({ code: 2, out: '' })
})
