/** What was accepted can be asked for at once, though no worker has written its row and Temporal does not list it yet. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Deployment } from '#contracts/deployments.ts'
import { registerVersion } from '#tests/support/model-version.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  await registerVersion(world.db, world.objects, 'range')
})
afterAll(() => world.close())

test('a deployment', async () => {
  for (let n = 0; n < 10; n++) {
    const body = { endpoint: `range-${n}`, model: { name: 'range', version: 1 } }
    const accepted = await world.ask('POST /api/v1/deployments', { body, key: world.keys.operator })
    expect(accepted.status, accepted.text).toBe(202)
    const { id } = accepted.json() as Deployment
    const asked = await world.ask(`GET /api/v1/deployments/${id}`)
    expect(asked.status, asked.text).toBe(200)
    expect(asked.json()).toMatchObject({ id, endpoint: `range-${n}`, state: 'running', step: 'start' })
    await world.temporal.client.workflow.getHandle(`deploy/range-${n}/${id}`).terminate()
  }
})
