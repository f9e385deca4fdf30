import { randomUUID } from 'node:crypto'
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DevTemporal, devTemporal, quietRuntime } from '#tests/support/temporal.ts'
import * as messages from '#workflows/messages/run.ts'
import type { standing, watching } from './story.ts'
import { bundleStories, command, createStoryWorld, type StoryWorld, withStoryWorkers } from './world.ts'

let server: DevTemporal
let bundle: WorkflowBundleWithSourceMap

beforeAll(async () => {
  quietRuntime()
  server = await devTemporal()
  bundle = await bundleStories()
})
afterAll(() => server.close())

const inWorld = (test: (world: StoryWorld) => Promise<void>) => async () => {
  const world = createStoryWorld()
  await withStoryWorkers(server, bundle, world, () => test(world))
}

/** A handle of the id, whichever execution is the newest. */
async function begin<T extends typeof standing | typeof watching>(type: string): Promise<WorkflowHandle<T>> {
  const id = randomUUID()
  await server.client.workflow.start(type, { workflowId: `supervise/${id}`, taskQueue: 'orchestration', args: [id] })
  return server.client.workflow.getHandle<T>(`supervise/${id}`)
}

/** Nudges once a round, until so many rounds were worked. */
async function work(world: StoryWorld, handle: WorkflowHandle, rounds: number): Promise<void> {
  for (let round = world.gates.prepare.count; round < rounds; round++) {
    await handle.signal(messages.nudge)
    await world.gates.prepare.reached(round + 1)
  }
}

const runIdOf = async (handle: WorkflowHandle) => (await handle.describe()).runId

describe('a run that continues as new', () => {
  it(
    'opens its row once, goes on where it was, and counts its entries on',
    inWorld(async (world) => {
      const handle = await begin<typeof standing>('standing')
      await world.gates.prepare.reached()
      const first = await runIdOf(handle)
      await work(world, handle, 8)
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      expect(await handle.result()).toMatchObject({ state: 'stopped', by: 'ann' })
      expect(await runIdOf(handle)).not.toBe(first)
      expect(world.records.filter((record) => record === 'opened')).toHaveLength(1)
      expect(world.records.filter((record) => record.startsWith('acted')).length).toBeGreaterThanOrEqual(7)
      expect(world.journal.map(({ sequence }) => sequence)).toEqual(world.journal.map((_, index) => index + 1))
    }),
  )

  it(
    'is still paused by whoever paused it, keeps the paused time, and still remembers the command',
    inWorld(async (world) => {
      const handle = await begin<typeof standing>('standing')
      await world.gates.prepare.reached()
      const pause = command('ann')
      await handle.executeUpdate(messages.pause, { args: [pause] })
      const first = await runIdOf(handle)
      await work(world, handle, 7)
      expect(await runIdOf(handle)).not.toBe(first)
      const state = await handle.query(messages.runState)
      expect(state).toMatchObject({ phase: 'paused', pausedBy: 'ann' })
      expect(state.pausedMs).toBeGreaterThan(0)
      expect(world.records).toEqual(['opened'].concat(world.records.includes('acted in round 0') ? ['acted in round 0'] : []))

      expect(await handle.executeUpdate(messages.resume, { args: [command('bob')] })).toMatchObject({ phase: 'running' })
      // told again by signal, in another execution than the one that obeyed it
      await handle.signal(messages.pauseSignal, pause)
      expect(await handle.query(messages.runState)).toMatchObject({ phase: 'running' })
      await handle.executeUpdate(messages.stop, { args: [command()] })
      await handle.result()
      expect(world.verbs()).toEqual(['pause by ann via update', 'resume by bob via update', 'stop by ann via update'])
    }),
  )

  it(
    'loses no command at the edge: every one that was accepted is on the row, once and in order',
    inWorld(async (world) => {
      const handle = await begin<typeof standing>('standing')
      await world.gates.prepare.reached()
      const first = await runIdOf(handle)
      const accepted: string[] = []
      for (let burst = 0; burst < 9; burst++) {
        const rounds = world.gates.prepare.count
        const commands = Array.from({ length: 8 }, () => command('ann'))
        const answers = await Promise.allSettled([
          handle.signal(messages.nudge),
          ...commands.map((each, index) =>
            handle.executeUpdate(index % 2 === 0 ? messages.pause : messages.resume, { args: [each], updateId: each.commandId }),
          ),
        ])
        for (const [index, answer] of answers.slice(1).entries()) {
          if (answer.status === 'fulfilled') accepted.push(commands[index]!.commandId)
          else expect(answer.reason).not.toBeInstanceOf(WorkflowUpdateFailedError)
        }
        await world.gates.prepare.reached(rounds + 1)
      }
      await work(world, handle, world.gates.prepare.count + 3)
      await handle.executeUpdate(messages.stop, { args: [command('bob')] })
      await handle.result()
      expect(await runIdOf(handle)).not.toBe(first)
      const journalled = world.journal.flatMap((entry) => (entry.command === undefined ? [] : [entry.command.commandId]))
      expect(new Set(journalled).size).toBe(journalled.length)
      expect(journalled).toEqual(expect.arrayContaining(accepted))
      expect(accepted.length).toBeGreaterThan(48)
      expect(world.journal.map(({ sequence }) => sequence)).toEqual(world.journal.map((_, index) => index + 1))
    }),
  )
})

describe('work that goes on during a pause', () => {
  it(
    'is done at each nudge, and what waits is done at the resume',
    inWorld(async (world) => {
      const handle = await begin<typeof standing>('standing')
      await world.journalled(({ step }) => step === 'watch')
      await handle.executeUpdate(messages.pause, { args: [command('ann')] })
      const done = world.records.length
      const rounds = world.gates.prepare.count
      await work(world, handle, rounds + 1)
      expect(world.records).toHaveLength(done)
      await handle.executeUpdate(messages.resume, { args: [command('ann')] })
      await world.gates.prepare.reached(rounds + 2)
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      await handle.result()
      expect(world.records.length).toBeGreaterThan(done)
    }),
  )

  it(
    'that is long is not touched by a pause, and a stop ends it',
    inWorld(async (world) => {
      const handle = await begin<typeof watching>('watching')
      await world.gates.toil.reached()
      expect(await handle.executeUpdate(messages.pause, { args: [command('ann')] })).toMatchObject({ phase: 'paused' })
      expect(world.state.toiling).toBe(1)
      await handle.executeUpdate(messages.stop, { args: [command('bob')] })
      expect(await handle.result()).toEqual({ state: 'stopped', by: 'bob' })
      expect(world.state.toiling).toBe(0)
      expect(world.gates.toil.count).toBe(1)
    }),
  )
})
