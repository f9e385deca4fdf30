import { randomUUID } from 'node:crypto'
import type { ApplicationFailure } from '@temporalio/client'
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SupervisionPolicy } from '#contracts/supervision.ts'
import { type DevTemporal, devTemporal, quietRuntime, timeSkippingTemporal } from '#tests/support/temporal.ts'
import * as run from '#workflows/messages/run.ts'
import * as messages from '#workflows/messages/supervision.ts'
import { createSuperviseWorld, type SuperviseWorld } from './world.ts'

/** The time-skipping server refuses to cancel an activity that has just ended, which a stop may do: this is the real one. */
let server: DevTemporal

beforeAll(async () => {
  quietRuntime()
  server = await devTemporal()
})
afterAll(() => server.close())

const inWorld = (test: (world: SuperviseWorld) => Promise<void>) => async () => {
  const world = createSuperviseWorld(server)
  await world.withWorker(() => test(world))
}

const command = (by = 'ann') => ({ commandId: randomUUID(), by })
type Handle = Awaited<ReturnType<SuperviseWorld['start']>>
const stop = async (handle: Handle) => {
  await handle.executeUpdate(run.stop, { args: [command('zoe')] })
  return await handle.result()
}

describe('the standing loop', () => {
  it(
    'looks again at each nudge, and never without one',
    inWorld(async (world) => {
      const handle = await world.start()
      await world.did('watch')
      await handle.signal(run.nudge)
      await world.did('watch', 2)
      await handle.signal(run.nudge)
      await world.did('watch', 3)
      expect(await stop(handle)).toEqual({ endpoint: world.endpoint, state: 'stopped' })
      expect(world.count('watch')).toBe(3)
      expect(world.done.at(-1)).toBe('stopped: stopped by zoe')
      // a standing step is not written anew at each look
      expect(world.journal.map(({ step, phase }) => `${step} ${phase}`)).toEqual(['watch running', 'watch stopping'])
    }),
  )

  it(
    'watches nothing before its features are built',
    inWorld(async (world) => {
      world.state.build = 'running'
      const handle = await world.start()
      await world.did('look')
      expect(world.done).toEqual(['open', 'look'])
      world.state.build = 'ready'
      await handle.signal(run.nudge)
      await world.did('watch')
      await stop(handle)
    }),
  )

  it(
    'says so when the features cannot be built, and goes on with the next snapshot',
    inWorld(async (world) => {
      world.state.build = 'failed'
      const handle = await world.start()
      await world.did('failed build')
      expect(world.count('watch')).toBe(0)
      world.state.build = 'ready'
      await handle.signal(run.nudge)
      await world.did('watch')
      await stop(handle)
    }),
  )

  it(
    'opens the monitors once the recipe is calibrated, and then catches up at once',
    inWorld(async (world) => {
      world.see({ champion: { ...world.state.situation.champion, watched: false } })
      world.state.calibration = 'running'
      const handle = await world.start()
      await world.did('calibrate')
      world.state.calibration = 'ready'
      await handle.signal(run.nudge)
      await world.did('open monitors')
      await world.did('watch', 3)
      await stop(handle)
      expect(world.count('open monitors')).toBe(1)
    }),
  )

  it(
    'tells of a calibration that failed, and watches on',
    inWorld(async (world) => {
      world.see({ champion: { ...world.state.situation.champion, watched: false } })
      world.state.calibration = 'failed'
      const handle = await world.start()
      await world.did('failed calibration')
      await handle.signal(run.nudge)
      await world.did('watch', 2)
      await stop(handle)
      expect(world.count('open monitors')).toBe(0)
    }),
  )

  it('raises a freshness alert when no snapshot landed for so long, once', async () => {
    const skipping = await timeSkippingTemporal()
    const world = createSuperviseWorld({ client: skipping.client, nativeConnection: skipping.nativeConnection, namespace: 'default' })
    try {
      await world.withWorker(async () => {
        world.see({ freshForMs: 96 * 3_600_000 })
        const handle = await world.start()
        await world.journalled(({ step }) => step === 'watch')
        expect(world.count('stale')).toBe(0)
        // the rows' clock goes with the server's
        world.see({ freshForMs: -1 })
        await skipping.sleep('97 hours')
        await world.did('stale')
        await skipping.sleep('3 days')
        expect(world.count('stale')).toBe(1)
        await handle.terminate()
      })
    } finally {
      await skipping.teardown()
    }
  })

  it(
    'fails with the reason when nothing answers on the endpoint',
    inWorld(async (world) => {
      world.state.dies.add('refuse')
      const handle = await world.start()
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError)
      expect(world.done).toEqual(['failed: nothing answers on this endpoint'])
    }),
  )
})

describe('a retrain', () => {
  it(
    'goes from the alarm to the promotion, one nudge at a time',
    inWorld(async (world) => {
      world.state.alarm = true
      const handle = await world.start()
      await world.did('start retrain')
      world.move('challenge', 'train')
      await handle.signal(run.nudge)
      await world.did('judge')
      world.move('approve')
      await handle.signal(run.nudge)
      await world.did('approve')
      world.move('roll-out')
      await handle.signal(run.nudge)
      await world.did('roll out')
      world.move('promote', 'roll-out')
      await handle.signal(run.nudge)
      await world.did('promote')
      await stop(handle)
      const story = world.done.filter((what) => !/^(watch|look|open|stopped)/.test(what))
      expect(story).toEqual(['start retrain', 'challenge', 'judge', 'approve', 'roll out', 'promote'])
      expect([...new Set(world.journal.map(({ step }) => step))]).toEqual(['watch', 'train', 'challenge', 'roll-out'])
    }),
  )

  it.each([
    ['inconclusive', 'reject', 'refuse'],
    ['a failed fit', 'fail', undefined],
    ['a rollout that rolled back', 'fail', undefined],
  ] as const)('ends after %s, and the loop goes on', async (_, first, second) => {
    await inWorld(async (world) => {
      world.move(first)
      const handle = await world.start()
      await world.did(first)
      if (second !== undefined) {
        world.move(second)
        await handle.signal(run.nudge)
        await world.did(second)
      }
      const watched = world.count('watch')
      await handle.signal(run.nudge)
      await world.did('watch', watched + 1)
      await stop(handle)
      expect(world.done.filter((what) => what === first || what === second)).toEqual(second === undefined ? [first] : [first, second])
    })()
  })

  it(
    'is one for two who ask at the same time, and both hear its ids; who asks later hears them too',
    inWorld(async (world) => {
      world.gates.start.close()
      const handle = await world.start()
      await world.did('watch')
      const [one, two] = await Promise.all([
        handle.executeUpdate(messages.retrainNow, { args: [command('ann')] }),
        handle.executeUpdate(messages.retrainNow, { args: [command('bob')] }),
      ])
      expect(two).toEqual(one)
      await world.gates.start.reached()
      expect(await handle.executeUpdate(messages.retrainNow, { args: [command('dan')] })).toEqual(one)
      world.gates.start.unlock()
      await world.did('start retrain')
      // which of the two came first, nobody can say
      expect(world.started).toEqual([{ ids: one, wish: { by: expect.stringMatching(/^(ann|bob)$/) } }])
      expect(await handle.executeUpdate(messages.retrainNow, { args: [command('cal')] })).toEqual(one)
      await stop(handle)
      expect(world.count('start retrain')).toBe(1)
    }),
  )

  it(
    'of an alarm satisfies who asks while it is being started; after its end there is another',
    inWorld(async (world) => {
      world.state.alarm = true
      world.gates.start.close()
      const handle = await world.start()
      await world.gates.start.reached()
      const asked = command('ann')
      const told = await handle.executeUpdate(messages.retrainNow, { args: [asked] })
      world.gates.start.unlock()
      await world.did('start retrain')
      expect(world.started).toMatchObject([{ ids: told, wish: null }])
      world.see({ retrain: null })
      const watched = world.count('watch')
      await handle.signal(run.nudge)
      await world.did('watch', watched + 1)
      await handle.signal(run.nudge)
      await world.did('watch', watched + 2)
      expect(world.count('start retrain')).toBe(1)

      const next = await handle.executeUpdate(messages.retrainNow, { args: [command('bob')] })
      expect(next).not.toEqual(told)
      await world.did('start retrain', 2)
      // the first command again, answered as it was
      expect(await handle.executeUpdate(messages.retrainNow, { args: [asked] })).toEqual(told)
      await stop(handle)
    }),
  )

  it(
    'is started once when the worker dies after it was',
    inWorld(async (world) => {
      world.state.alarm = true
      world.state.dies.add('startRetrain')
      const handle = await world.start()
      await world.did('start retrain')
      const { retrain } = world.state.situation
      expect(await handle.executeUpdate(messages.retrainNow, { args: [command()] })).toEqual({
        retrainId: retrain!.id,
        runId: retrain!.runId,
      })
      await stop(handle)
      expect(world.count('start retrain')).toBe(1)
    }),
  )

  it(
    'cannot be promised before the first look tells whether one is in flight',
    inWorld(async (world) => {
      world.gates.stock.close()
      const handle = await world.start()
      await world.gates.stock.reached()
      const refused = await handle.executeUpdate(messages.retrainNow, { args: [command()] }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(WorkflowUpdateFailedError)
      expect(((refused as WorkflowUpdateFailedError).cause as ApplicationFailure).type).toBe('endpoint_not_ready')
      world.gates.stock.unlock()
      await stop(handle)
    }),
  )
})

describe('a pause', () => {
  it(
    'during a retrain lets labels and monitors go on and starts nothing; the resume acts on what accumulated',
    inWorld(async (world) => {
      world.move('judge')
      const handle = await world.start()
      await world.did('judge')
      await handle.executeUpdate(run.pause, { args: [command('ann')] })
      await world.journalled(({ phase }) => phase === 'paused')
      world.move('approve')
      const [watched, judged] = [world.count('watch'), world.count('judge')]
      await handle.signal(run.nudge)
      await world.did('watch', watched + 1)
      await handle.signal(run.nudge)
      await world.did('watch', watched + 2)
      expect(world.count('approve')).toBe(0)
      expect(world.count('judge')).toBe(judged)
      await handle.executeUpdate(run.resume, { args: [command('bob')] })
      await world.did('approve')
      await stop(handle)
    }),
  )

  it(
    'starts no calibration and no retrain, and says what will be started to who asks',
    inWorld(async (world) => {
      const handle = await world.start()
      await world.journalled(({ step }) => step === 'watch')
      await handle.executeUpdate(run.pause, { args: [command()] })
      // the look that the pause itself brings is over, and none is under way that saw the champion watched
      await world.did('watch', 2)
      world.see({ champion: { ...world.state.situation.champion, watched: false } })
      const promised = await handle.executeUpdate(messages.retrainNow, { args: [command('ann')] })
      await world.did('watch', 3)
      await handle.signal(run.nudge)
      await world.did('watch', 4)
      expect(world.done).not.toContain('calibrate')
      expect(world.done).not.toContain('start retrain')
      await handle.executeUpdate(run.resume, { args: [command()] })
      await world.did('start retrain')
      expect(world.started).toMatchObject([{ ids: promised }])
      expect(world.count('open monitors')).toBe(1)
      await stop(handle)
    }),
  )

  it(
    'does not touch the watching that is under way; a stop ends it',
    inWorld(async (world) => {
      world.gates.watch.close()
      const handle = await world.start()
      await world.gates.watch.reached()
      expect(await handle.executeUpdate(run.pause, { args: [command()] })).toMatchObject({ phase: 'paused' })
      expect(await stop(handle)).toMatchObject({ state: 'stopped' })
      expect(world.gates.watch.count).toBe(1)
    }),
  )
})

describe('a long life', () => {
  it(
    'continues as new, still paused, with the promise of a retrain and the commands that it knows',
    inWorld(async (world) => {
      const handle = await world.start()
      const first = (await handle.describe()).runId
      await world.journalled(({ step }) => step === 'watch')
      const pause = command('ann')
      await handle.executeUpdate(run.pause, { args: [pause] })
      const asked = command('bob')
      const promised = await handle.executeUpdate(messages.retrainNow, { args: [asked] })
      // the server suggests it of a history above 4 MB, which is sooner there than two thousand events
      for (let watched = world.count('watch'); (await handle.describe()).runId === first; watched++) {
        await handle.signal('nudge', 'x'.repeat(1_000_000))
        await world.did('watch', watched + 1)
      }
      expect(await handle.query(run.runState)).toMatchObject({ phase: 'paused', pausedBy: 'ann' })
      expect(await handle.executeUpdate(messages.retrainNow, { args: [asked] })).toEqual(promised)
      await handle.executeUpdate(run.resume, { args: [command('cal')] })
      await handle.signal(run.pauseSignal, pause)
      await world.did('start retrain')
      expect(world.started).toEqual([{ ids: promised, wish: { by: 'bob' } }])
      await stop(handle)
      expect(world.count('open')).toBe(1)
      expect(world.verbs()).toEqual(['pause by ann', 'retrainNow by bob', 'resume by cal', 'stop by zoe'])
    }),
  )
})

describe('what people say', () => {
  it(
    'is obeyed once, by update and by signal, during a pause too',
    inWorld(async (world) => {
      const handle = await world.start()
      await world.did('watch')
      await handle.executeUpdate(run.pause, { args: [command()] })
      const alertId = randomUUID()
      const seen = { ...command('ann'), alertId }
      expect(await handle.executeUpdate(messages.acknowledge, { args: [seen] })).toMatchObject({ phase: 'paused' })
      await handle.signal(messages.acknowledgeSignal, seen)
      const policy = SupervisionPolicy.parse({ cooldownSessions: 7 })
      await handle.executeUpdate(messages.setPolicy, { args: [{ ...command('bob'), policy }] })
      await world.did('set policy')
      await stop(handle)
      expect(world.acknowledged).toEqual([{ alertId, by: 'ann' }])
      expect(world.policies).toEqual([policy])
      expect(world.verbs()).toEqual(['pause by ann', 'acknowledge by ann', 'setPolicy by bob', 'stop by zoe'])
    }),
  )

  it(
    'is refused where it says too little, and after the stop',
    inWorld(async (world) => {
      const handle = await world.start()
      await world.did('watch')
      const codeOf = async (update: Promise<unknown>) => {
        const failure = (await update.catch((error: unknown) => error)) as WorkflowUpdateFailedError
        return (failure.cause as ApplicationFailure).type
      }
      expect(await codeOf(handle.executeUpdate(messages.acknowledge, { args: [{ ...command(), alertId: 'that one' }] }))).toBe(
        'invalid_request',
      )
      await handle.signal(messages.acknowledgeSignal, 'that one')
      world.gates.watch.close()
      const watched = world.count('watch')
      await handle.signal(run.nudge)
      await world.did('watch', watched + 1)
      await stop(handle)
      expect(world.acknowledged).toEqual([])
    }),
  )
})
