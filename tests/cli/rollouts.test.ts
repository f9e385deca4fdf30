import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { servingApp } from '#tests/serving/serving-app.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { cliWorld } from './world.ts'

let world: Awaited<ReturnType<typeof cliWorld>>
let replica: Awaited<ReturnType<typeof servingApp>>
let name: string

beforeAll(async () => {
  world = await cliWorld()
  name = `m-${randomUUID().slice(0, 8)}`
  await publishFeatureRows(world.db, { AAPL: [1, 1, 1, 1] })
  for (const version of [1, 2]) await registerVersion(world.db, world.objects, name, { version })
  replica = await servingApp({ db: world.db, objects: world.objects })
  await replica.replica.look()
  replica.replica.follow()
})
afterAll(async () => {
  await replica.replica.leave()
  await replica.close()
  await world.close()
})

const deploy = (version: number, ...more: string[]) => world.run('deploy', `${name}@${version}`, '--endpoint', name, ...more, '--json')

test('a rollout, its rollback and the history of its endpoint, by command', async () => {
  const first = (await deploy(1)).json()
  expect(first).toMatchObject({ state: 'active', strategy: 'immediate', predecessorId: null })
  const baking = (await deploy(2, '--strategy', 'blue-green', '--bake', '1h', '--min-answers', '5')).json()
  expect(baking).toMatchObject({
    state: 'active',
    endedAt: null,
    plan: { bakeSeconds: 3600, gates: { minAnswers: 5 } },
    predecessorId: first.id,
  })
  expect((await world.run('deployments', 'show', baking.id)).out).toMatch(/state +active/)
  const undone = await world.run('endpoints', 'rollback', name, '--reason', 'wrong')
  expect(undone.out).toMatch(new RegExp(`answers with +${name}@1`))
  expect((await world.run('deployments', 'rollback', baking.id)).out).toContain('it had been rolled back before')
  const history = await world.run('endpoints', 'history', name)
  expect(history.out.match(new RegExp(`${name}@\\d`, 'g'))).toEqual([`${name}@1`, `${name}@2`, `${name}@1`])
  expect(history.out).toContain('rollback of admin')
  expect((await world.run('endpoints', 'history', name, '--at', '2001-01-01', '--json')).json()).toEqual({ items: [], nextCursor: null })
  expect((await world.run('endpoints', 'show', name)).out).toMatch(new RegExp(`answers with +${name}@1`))
})

test('a canary waits for a person, and is decided once', async () => {
  const canary = deploy(2, '--strategy', 'canary', '--steps', '10%:1h,50%:1h', '--bake', '0s', '--approval', '--no-wait')
  const { id, plan } = (await canary).json()
  expect(plan).toMatchObject({
    approval: true,
    bakeSeconds: 0,
    steps: [
      { share: 0.1, seconds: 3600 },
      { share: 0.5, seconds: 3600 },
    ],
  })
  await vi.waitFor(async () => expect((await world.run('deployments', 'show', id)).out).toMatch(/state +awaiting_approval/), 20_000)
  expect((await world.run('deployments', 'reject', id, '--reason', 'month end')).code).toBe(0)
  const late = await world.run('deployments', 'approve', id, '--json')
  expect([late.code, late.json().error.code]).toEqual([1, 'already_decided'])
})

describe('exit code 2', () => {
  test.each([
    [['--strategy', 'canary', '--steps', '10']],
    [['--strategy', 'canary', '--steps', '50%:60s,10%:60s']],
    [['--strategy', 'canary', '--steps', '150%:60s']],
    [['--bake', 'long']],
  ])('says what is wrong with `%s`', async (args) => {
    const { code, err } = await deploy(1, ...args)
    expect(code).toBe(2)
    expect(err).toMatch(/error: .+/)
  })
})
