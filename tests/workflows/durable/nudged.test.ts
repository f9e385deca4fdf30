import { randomUUID } from 'node:crypto'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietRuntime, timeSkippingTemporal } from '#tests/support/temporal.ts'
import * as messages from '#workflows/messages/run.ts'
import type { waiting } from './story.ts'
import { bundleStories, command, createStoryWorld, type StoryWorld, withStoryWorkers } from './world.ts'

let server: TestWorkflowEnvironment
let bundle: WorkflowBundleWithSourceMap

beforeAll(async () => {
  quietRuntime()
  server = await timeSkippingTemporal()
  bundle = await bundleStories()
})
afterAll(() => server.teardown())

/** the story looks again by itself after this time */
const fallbackMs = 1_000_000

const inWorld = (test: (world: StoryWorld) => Promise<void>) => async () => {
  const world = createStoryWorld()
  await withStoryWorkers({ client: server.client, nativeConnection: server.nativeConnection, namespace: 'default' }, bundle, world, () =>
    test(world),
  )
}

const waits = (rounds: number) =>
  server.client.workflow.start<typeof waiting>('waiting', {
    workflowId: `features/${randomUUID()}/x`,
    taskQueue: 'orchestration',
    args: ['w', rounds],
  })

it(
  'looks again for a nudge that came while it was asking',
  inWorld(async (world) => {
    world.gates.prepare.close()
    const handle = await waits(1)
    await world.gates.prepare.reached()
    await handle.signal(messages.nudge)
    world.gates.prepare.unlock()
    const { state, waitedMs } = await handle.result()
    expect(state).toBe('nudged')
    expect(waitedMs).toBeLessThan(fallbackMs)
  }),
)

it(
  'looks again by itself when the nudge was lost',
  inWorld(async (world) => {
    const handle = await waits(2)
    const { state, waitedMs } = await handle.result()
    expect(state).toBe('nudged')
    expect(waitedMs).toBeGreaterThanOrEqual(2 * fallbackMs)
    expect(world.gates.prepare.count).toBe(2)
  }),
)

it(
  'can be paused and stopped while it waits, and a nudge does not end the pause',
  inWorld(async (world) => {
    const handle = await waits(1)
    await world.journalled((entry) => entry.step === 'wait')
    expect(await handle.executeUpdate(messages.pause, { args: [command()] })).toMatchObject({ phase: 'paused' })
    await handle.signal(messages.nudge)
    expect(await handle.query(messages.runState)).toMatchObject({ phase: 'paused' })
    expect(await handle.executeUpdate(messages.stop, { args: [command('ann')] })).toMatchObject({ phase: 'stopping' })
    expect(await handle.result()).toEqual({ state: 'stopped', by: 'ann' })
  }),
)
