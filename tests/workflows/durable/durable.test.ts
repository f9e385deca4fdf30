import { randomUUID } from 'node:crypto'
import { ApplicationFailure, WorkflowFailedError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runIdOfTraining } from '#contracts/ids.ts'
import { quietRuntime, timeSkippingTemporal } from '#tests/support/temporal.ts'
import * as messages from '#workflows/messages/run.ts'
import type { faulty, story, StoryResult } from './story.ts'
import { bundleStories, command, createStoryWorld, type StoryWorld, withStoryWorkers } from './world.ts'

let server: TestWorkflowEnvironment
let bundle: WorkflowBundleWithSourceMap

beforeAll(async () => {
  quietRuntime()
  server = await timeSkippingTemporal()
  bundle = await bundleStories()
})
afterAll(() => server.teardown())

type Handle = WorkflowHandle<typeof story>

const start = (id: string = randomUUID()): Promise<Handle> =>
  server.client.workflow.start<typeof story>('story', { workflowId: `train/${id}`, taskQueue: 'orchestration', args: [id] })

const inWorld = (test: (world: StoryWorld) => Promise<void>) => async () => {
  const world = createStoryWorld()
  await withStoryWorkers({ client: server.client, nativeConnection: server.nativeConnection, namespace: 'default' }, bundle, world, () =>
    test(world),
  )
}

const codeOf = async (update: Promise<unknown>): Promise<string | null | undefined> => {
  const failure = await update.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(WorkflowUpdateFailedError)
  const { cause } = failure as WorkflowUpdateFailedError
  expect(cause).toBeInstanceOf(ApplicationFailure)
  return (cause as ApplicationFailure).type
}

const at = (step: string, phase: string) => (entry: { step: string; phase: string }) => entry.step === step && entry.phase === phase

const finish = async (world: StoryWorld, handle: Handle): Promise<StoryResult> => {
  world.gates.toil.unlock()
  // another run of the same world may have come as far before
  const own = runIdOfTraining(handle.workflowId)
  await world.journalled((entry) => entry.id === own && at('decide', 'awaiting_approval')(entry))
  await handle.executeUpdate(messages.approve, { args: [command('finisher')] })
  return await handle.result()
}

describe('pause and resume', () => {
  it(
    'answers pausing at once, and is paused when the interruptible activity has closed and another run has its slot',
    inWorld(async (world) => {
      const paused = await start()
      await world.gates.toil.reached()
      const answer = await paused.executeUpdate(messages.pause, { args: [command('ann')] })
      expect(answer).toMatchObject({ phase: 'pausing', step: 'toil', pausedBy: 'ann' })
      await world.journalled(at('toil', 'paused'))
      expect(world.state.toiling).toBe(0)

      const other = await start()
      await world.gates.toil.reached(2)
      expect(world.state).toMatchObject({ toiling: 1, mostToiling: 1 })
      world.gates.toil.unlock()
      world.gates.toil.close()
      await other.terminate()

      const resumed = await paused.executeUpdate(messages.resume, { args: [command('bob')] })
      expect(resumed.phase).toBe('running')
      expect(resumed).not.toHaveProperty('pausedBy')
      await world.gates.toil.reached(3)
      expect(await finish(world, paused)).toMatchObject({ state: 'approve', by: 'finisher' })
    }),
  )

  it(
    'lets an atomic step finish first, once, and says pausing until then',
    inWorld(async (world) => {
      world.gates.prepare.close()
      const handle = await start()
      await world.gates.prepare.reached()
      expect(await handle.executeUpdate(messages.pause, { args: [command()] })).toMatchObject({ phase: 'pausing', step: 'prepare' })
      world.gates.prepare.unlock()
      await world.journalled(at('prepare', 'paused'))
      expect(world.gates.toil.count).toBe(0)
      await handle.executeUpdate(messages.resume, { args: [command()] })
      await finish(world, handle)
      expect(world.gates.prepare.count).toBe(1)
    }),
  )

  it(
    'writes every change in order, with the command that caused it, and the paused time',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      await handle.executeUpdate(messages.pause, { args: [command('ann')] })
      await world.journalled(at('toil', 'paused'))
      await handle.executeUpdate(messages.resume, { args: [command('bob')] })
      await finish(world, handle)
      expect(world.journal.map((entry) => entry.sequence)).toEqual(world.journal.map((_, index) => index + 1))
      expect(world.phases()).toEqual([
        'prepare: running',
        'toil: running',
        'toil: pausing',
        'toil: paused',
        'toil: running',
        'decide: awaiting_approval',
        'decide: running',
        'judge: running',
      ])
      expect(world.verbs()).toEqual(['pause by ann via update', 'resume by bob via update', 'approve by finisher via update'])
      const paused = world.journal.at(-1)?.pausedMs ?? 0
      expect(paused).toBeGreaterThan(0)
      expect(world.journal.filter((entry) => entry.pausedBy !== null).map((entry) => entry.pausedBy)).toEqual(['ann', 'ann'])
    }),
  )

  it(
    'never makes a handler wait: more updates than may be in flight are all answered',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      const verbs = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? messages.pause : messages.resume))
      const answers = await Promise.all(verbs.map((verb) => handle.executeUpdate(verb as typeof messages.pause, { args: [command()] })))
      expect(answers).toHaveLength(24)
      await handle.executeUpdate(messages.resume, { args: [command()] })
      await finish(world, handle)
    }),
  )

  it(
    'obeys a command once, by update and by signal, and remembers the last two hundred',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      const first = command('ann')
      await handle.executeUpdate(messages.pause, { args: [first], updateId: first.commandId })
      await world.journalled(at('toil', 'paused'))
      await handle.executeUpdate(messages.resume, { args: [command()] })
      await handle.signal(messages.pauseSignal, first)
      expect(await handle.query(messages.runState)).toMatchObject({ phase: 'running' })
      for (let sent = 0; sent < 199; sent++) await handle.signal(messages.resumeSignal, command())
      await handle.signal(messages.pauseSignal, first)
      expect((await handle.query(messages.runState)).phase).toMatch(/^paus/)
      await handle.executeUpdate(messages.resume, { args: [command()] })
      await finish(world, handle)
    }),
  )
})

describe('stop', () => {
  it(
    'ends interruptible work, frees its slot, and refuses what comes after',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      expect(await handle.executeUpdate(messages.stop, { args: [command('ann')] })).toMatchObject({ phase: 'stopping' })
      expect(await handle.result()).toEqual({ state: 'stopped', by: 'ann' })
      expect(world.state.toiling).toBe(0)
      expect(world.records).toEqual(['opened', 'stopped'])
    }),
  )

  it(
    'waits for an atomic step, refuses a resume meanwhile, and goes no further',
    inWorld(async (world) => {
      world.gates.prepare.close()
      const handle = await start()
      await world.gates.prepare.reached()
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      expect(await codeOf(handle.executeUpdate(messages.resume, { args: [command()] }))).toBe('run_stopped')
      expect(world.records).toEqual(['opened'])
      world.gates.prepare.unlock()
      expect(await handle.result()).toEqual({ state: 'stopped', by: 'ann' })
      expect(world.gates.toil.count).toBe(0)
    }),
  )

  it(
    'ends a paused run, and one that awaits a decision',
    inWorld(async (world) => {
      const paused = await start()
      await world.gates.toil.reached()
      await paused.executeUpdate(messages.pause, { args: [command()] })
      await world.journalled(at('toil', 'paused'))
      await paused.executeUpdate(messages.stop, { args: [command('ann')] })
      expect(await paused.result()).toEqual({ state: 'stopped', by: 'ann' })

      world.gates.toil.unlock()
      const waits = await start()
      await world.journalled(at('decide', 'awaiting_approval'))
      await waits.executeUpdate(messages.stop, { args: [command('bob')] })
      expect(await waits.result()).toEqual({ state: 'stopped', by: 'bob' })
    }),
  )

  it(
    'is refused once the last step has begun, for its outcome stands',
    inWorld(async (world) => {
      world.gates.toil.unlock()
      world.gates.judge.close()
      const handle = await start()
      await world.journalled(at('decide', 'awaiting_approval'))
      await handle.executeUpdate(messages.approve, { args: [command('ann')] })
      await world.gates.judge.reached()
      expect(await codeOf(handle.executeUpdate(messages.stop, { args: [command()] }))).toBe('run_closed')
      await handle.cancel()
      world.gates.judge.unlock()
      expect(await handle.result()).toMatchObject({ state: 'approve', by: 'ann' })
      expect(world.verbs()).toEqual(['approve by ann via update'])
    }),
  )

  it(
    'is what a cancellation means, and the audit names who asked for it',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      await handle.cancel()
      expect(await handle.result()).toMatchObject({ state: 'stopped' })
      expect(world.verbs()).toEqual(['stop by temporal via temporal'])
      expect(world.senders).toEqual([server.client.workflow.options.identity ?? server.client.options.identity])
      expect(world.state.toiling).toBe(0)
    }),
  )

  it(
    'lets the first row be written before a cancellation that came meanwhile',
    inWorld(async (world) => {
      world.gates.open.close()
      const handle = await start()
      await world.gates.open.reached()
      await handle.cancel()
      world.gates.open.unlock()
      expect(await handle.result()).toMatchObject({ state: 'stopped' })
      expect(world.records).toEqual(['opened', 'stopped'])
      expect(world.gates.prepare.count).toBe(0)
    }),
  )
})

describe('approval', () => {
  it(
    'is refused before the run waits for it, and after it was decided',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      expect(await codeOf(handle.executeUpdate(messages.approve, { args: [command()] }))).toBe('nothing_to_decide')
      world.gates.judge.close()
      world.gates.toil.unlock()
      await world.journalled(at('decide', 'awaiting_approval'))
      const approval = command('ann')
      await handle.executeUpdate(messages.approve, { args: [approval] })
      await world.gates.judge.reached()
      expect(await codeOf(handle.executeUpdate(messages.reject, { args: [command('bob')] }))).toBe('already_decided')
      expect(await codeOf(handle.executeUpdate(messages.approve, { args: [command('bob')] }))).toBe('already_decided')
      await handle.executeUpdate(messages.approve, { args: [approval] })
      world.gates.judge.unlock()
      expect(await handle.result()).toMatchObject({ state: 'approve', by: 'ann' })
      expect(world.verbs()).toEqual(['approve by ann via update'])
    }),
  )

  it(
    'made during a pause takes effect at the resume',
    inWorld(async (world) => {
      world.gates.toil.unlock()
      const handle = await start()
      await world.journalled(at('decide', 'awaiting_approval'))
      expect(await handle.executeUpdate(messages.pause, { args: [command()] })).toMatchObject({ phase: 'paused', step: 'decide' })
      expect(await handle.executeUpdate(messages.reject, { args: [command('ann')] })).toMatchObject({ phase: 'paused' })
      expect(world.gates.judge.count).toBe(0)
      await handle.executeUpdate(messages.resume, { args: [command()] })
      expect(await handle.result()).toMatchObject({ state: 'reject', by: 'ann' })
    }),
  )

  it(
    'comes by a bare signal too, as the Temporal UI sends it, and the sender is looked up',
    inWorld(async (world) => {
      world.gates.toil.unlock()
      const handle = await start()
      await handle.signal(messages.approveSignal)
      await world.journalled(at('decide', 'awaiting_approval'))
      await handle.signal(messages.approveSignal)
      expect(await handle.result()).toMatchObject({ state: 'approve', by: 'temporal' })
      expect(world.senders).toHaveLength(1)
      expect(world.senders[0]).toBeTruthy()
      expect(world.verbs()).toEqual(['approve by temporal via signal'])
    }),
  )
})

describe('what goes wrong', () => {
  it(
    'refuses a malformed update, and makes a whole command of whatever a signal holds',
    inWorld(async (world) => {
      const handle = await start()
      await world.gates.toil.reached()
      expect(await codeOf(handle.executeUpdate(messages.pause, { args: [{ commandId: 'p1', by: 'ann' }] }))).toBe('invalid_request')
      expect(await codeOf(handle.executeUpdate(messages.pause, { args: [undefined as never] }))).toBe('invalid_request')
      await handle.signal('pause', 'now, please')
      await world.journalled(at('toil', 'paused'))
      await handle.signal('resume', { commandId: 7, by: `a\0${'n'.repeat(300)}`, reason: ['x'] })
      await finish(world, handle)
      const [pause, resume] = world.journal.flatMap((entry) => entry.command ?? [])
      expect(pause).toMatchObject({
        verb: 'pause',
        by: 'temporal',
        via: 'signal',
        commandId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      })
      expect(resume).toMatchObject({
        verb: 'resume',
        by: `a${'n'.repeat(199)}`,
        via: 'signal',
        commandId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      })
      expect(resume).not.toHaveProperty('reason')
    }),
  )

  it(
    'ends in order when the first row is refused: the reason is written, and the command that came meanwhile',
    inWorld(async (world) => {
      world.gates.open.close()
      world.state.openFailure = ApplicationFailure.nonRetryable('no such dataset', 'not_found')
      const handle = await start()
      await world.gates.open.reached()
      await handle.executeUpdate(messages.pause, { args: [command('ann')] })
      world.gates.open.unlock()
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError)
      expect(world.records).toEqual(['failed: no such dataset'])
      expect(world.verbs()).toEqual(['pause by ann via update'])
      const { events } = await handle.fetchHistory()
      expect(events?.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([])
    }),
  )

  it(
    'fails the run, not its task, when the journal is refused',
    inWorld(async (world) => {
      world.gates.toil.unlock()
      const handle = await start()
      await world.journalled(at('decide', 'awaiting_approval'))
      world.state.journalFailure = ApplicationFailure.nonRetryable('the audit is closed', 'internal')
      await handle.executeUpdate(messages.approve, { args: [command()] })
      const failure = await handle.result().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(WorkflowFailedError)
      expect(String((failure as WorkflowFailedError).cause?.cause)).toContain('the audit is closed')
    }),
  )

  it(
    'leaves a run with faulty code open, for mended code to go on with',
    inWorld(async (world) => {
      const handle = await server.client.workflow.start<typeof faulty>('faulty', {
        workflowId: `train/${randomUUID()}`,
        taskQueue: 'orchestration',
        args: ['x'],
      })
      let failed = false
      while (!failed) failed = ((await handle.fetchHistory()).events ?? []).some((event) => event.workflowTaskFailedEventAttributes)
      expect((await handle.describe()).status.name).toBe('RUNNING')
      expect(world.records).toEqual(['opened'])
      await handle.terminate()
    }),
  )
})
