import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DevTemporal, devTemporal, quietRuntime } from '#tests/support/temporal.ts'
import * as messages from '#workflows/messages/run.ts'
import type { story } from './story.ts'
import { bundleStories, command, createStoryWorld, type StoryWorld, withStoryWorkers } from './world.ts'

let server: DevTemporal
let bundle: WorkflowBundleWithSourceMap

beforeAll(async () => {
  quietRuntime()
  server = await devTemporal()
  bundle = await bundleStories()
})
afterAll(() => server.close())

const inWorld = (test: (world: StoryWorld, handle: WorkflowHandle<typeof story>) => Promise<void>) => async () => {
  const world = createStoryWorld()
  await withStoryWorkers(server, bundle, world, async () => {
    const id = randomUUID()
    const handle = await server.client.workflow.start<typeof story>('story', {
      workflowId: `train/${id}`,
      taskQueue: 'orchestration',
      args: [id],
    })
    await world.gates.toil.reached()
    await test(world, handle)
  })
}

const request = (handle: WorkflowHandle) => ({
  namespace: server.namespace,
  execution: { workflowId: handle.workflowId },
  type: 'toil',
  identity: 'the Temporal UI',
})
const pauseActivity = (handle: WorkflowHandle) => server.client.workflowService.pauseActivity(request(handle))
const unpauseActivity = (handle: WorkflowHandle) => server.client.workflowService.unpauseActivity(request(handle))

const finish = async (world: StoryWorld, handle: WorkflowHandle<typeof story>) => {
  world.gates.toil.unlock()
  await world.journalled(({ step, phase }) => step === 'decide' && phase === 'awaiting_approval')
  await handle.executeUpdate(messages.approve, { args: [command()] })
  expect(await handle.result()).toMatchObject({ state: 'approve' })
}

it(
  'is seen by the run, frees the slot, and the unpause goes on with the same activity',
  inWorld(async (world, handle) => {
    await pauseActivity(handle)
    await world.journalled(({ phase }) => phase === 'paused')
    expect(world.state.toiling).toBe(0)
    expect(await handle.query(messages.runState)).toMatchObject({ phase: 'paused', pausedBy: 'temporal' })
    await unpauseActivity(handle)
    await world.gates.toil.reached(2)
    await world.journalled(({ command }) => command?.verb === 'resume')
    expect(await handle.query(messages.runState)).toMatchObject({ phase: 'running' })
    await finish(world, handle)
    expect(world.verbs().slice(0, 2)).toEqual(['pause by temporal via temporal', 'resume by temporal via temporal'])
  }),
)

it(
  'ends by our own resume, which schedules the activity anew',
  inWorld(async (world, handle) => {
    await pauseActivity(handle)
    await world.journalled(({ phase }) => phase === 'paused')
    expect(await handle.executeUpdate(messages.resume, { args: [command('ann')] })).toMatchObject({ phase: 'running' })
    await world.gates.toil.reached(2)
    await finish(world, handle)
  }),
)

it(
  'can be followed by our own pause, and by a stop',
  inWorld(async (world, handle) => {
    await pauseActivity(handle)
    await world.journalled(({ phase }) => phase === 'paused')
    await handle.executeUpdate(messages.pause, { args: [command('ann')] })
    await world.journalled(({ phase, pausedBy }) => phase === 'paused' && pausedBy === 'ann')
    await handle.executeUpdate(messages.stop, { args: [command('bob')] })
    expect(await handle.result()).toEqual({ state: 'stopped', by: 'bob' })
    expect(world.gates.toil.count).toBe(1)
  }),
)
