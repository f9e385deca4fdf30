import { randomUUID } from 'node:crypto'
import { WorkflowFailedError } from '@temporalio/client'
import { and, eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { latencyBucketsMs } from '#contracts/deployments.ts'
import { recordServingTallies } from '#db/commands/record-serving-tallies.ts'
import { modelVersion } from '#db/schema.ts'
import { emptyTally } from '#domain/rollout/tally.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'
import { command } from '#tests/workflows/durable/world.ts'
import { promote, rollback, rollbackSignal } from '#workflows/messages/deployments.ts'
import * as messages from '#workflows/messages/run.ts'
import { deployWorld } from './world.ts'

const world = deployWorld()
const { inputFor, register, deploying, startReplica, atStep, activeVersion, endpoint, deployment, eventually, verbsOf, switches } = world

const hour = 3_600
const canary = (given: Parameters<typeof rolloutPlan>[0] = {}) =>
  rolloutPlan({
    strategy: 'canary',
    steps: [
      { share: 0.1, seconds: 0 },
      { share: 0.5, seconds: 0 },
    ],
    bakeSeconds: 0,
    gates: { minAnswers: 10 },
    ...given,
  })

/** What a replica would tell of a deployment: counts since its start, which only rise. */
function teller() {
  const incarnation = randomUUID()
  const told = new Map<string, { requests: number; errors: number; nonFinite: number; sum: number }>()
  return async (deploymentId: string, more: { answers?: number; errors?: number; nonFinite?: number; shift?: number }) => {
    const { answers = 0, errors = 0, nonFinite = 0, shift = 0 } = more
    const before = told.get(deploymentId) ?? { requests: 0, errors: 0, nonFinite: 0, sum: 0 }
    const now = {
      requests: before.requests + answers + errors,
      errors: before.errors + errors,
      nonFinite: before.nonFinite + nonFinite,
      sum: before.sum + answers * shift,
    }
    told.set(deploymentId, now)
    const latencies = [...emptyTally(latencyBucketsMs.length + 1).latencies]
    latencies[5] = now.requests
    const tally = { ...now, answers: now.requests - now.errors, origin: 0, sumOfSquares: now.requests - now.errors, latencies }
    await recordServingTallies(world.db, [{ replicaId: 'a', incarnation, deploymentId, ...tally }])
  }
}

/** One version answers, the other is registered, and a replica is there for both. */
async function answering() {
  await Promise.all([register(), register({ version: 2 }), startReplica()])
  const first = inputFor(1)
  await deploying(first, async (handle) => void (await handle.result()))
  return first.deploymentId
}

/** The step has begun: what is told from now on counts for it. */
const begun = (share: number) => eventually(async () => expect((await endpoint())?.share).toBe(share))

const stageOf = async (version: number) =>
  (
    await world.db
      .select()
      .from(modelVersion)
      .where(and(eq(modelVersion.name, world.name), eq(modelVersion.version, version)))
  )[0]?.stage

describe('a canary', () => {
  test('takes its steps through the gates, and bakes', async () => {
    const old = await answering()
    const tell = teller()
    const input = inputFor(2, canary())
    await deploying(input, async (handle) => {
      for (const [share, step] of [
        [0.1, 'canary 10 %'],
        [0.5, 'canary 50 %'],
      ] as const) {
        await atStep(handle, step, 'running')
        await eventually(async () => expect(await endpoint()).toMatchObject({ share, active: { model: { version: 1 } } }))
        expect(await deployment(input)).toMatchObject({ step, state: 'running', predecessorId: old })
        await tell(old, { answers: 20 })
        await tell(input.deploymentId, { answers: 20 })
      }
      await atStep(handle, 'bake', 'running')
      expect(await endpoint()).toMatchObject({ share: 0, prepared: null, previous: { deploymentId: old } })
      await eventually(async () => expect(await deployment(input)).toMatchObject({ state: 'active', endedAt: null, step: 'bake' }))
      expect(await activeVersion()).toBe(2)
      await tell(input.deploymentId, { answers: 20 })
      expect(await handle.result()).toMatchObject({ state: 'active', revision: 2, reason: null })
    })
    const row = await deployment(input)
    expect(row).toMatchObject({ state: 'active', step: 'active', failure: null, endedAt: expect.any(String) })
    expect(row?.gates.map(({ step, verdict }) => `${step} ${verdict}`)).toEqual(['canary 10 % passed', 'canary 50 % passed', 'bake passed'])
  })

  test('is withdrawn when a gate fails, with the figures', async () => {
    const old = await answering()
    const tell = teller()
    const input = inputFor(2, canary({ steps: [{ share: 0.1, seconds: hour }] }))
    await deploying(input, async (handle) => {
      await atStep(handle, 'canary 10 %', 'running')
      await begun(0.1)
      await tell(old, { answers: 200 })
      await tell(input.deploymentId, { answers: 15, errors: 15 })
      expect(await handle.result()).toMatchObject({
        state: 'rolled_back',
        reason: expect.stringContaining('50 % of its 30 requests failed'),
      })
    })
    expect(await endpoint()).toMatchObject({ share: 0, prepared: null, active: { deploymentId: old }, activeRevision: 1 })
    expect(await deployment(input)).toMatchObject({ state: 'rolled_back', gates: [{ verdict: 'failed', newAnswers: 15 }] })
    expect(await switches()).toEqual(['activate by ada', 'rollback by rollout-gate'])
  })

  test('that too few ask is inconclusive when patience ends, and nothing is switched', async () => {
    const old = await answering()
    const input = inputFor(2, canary({ patienceSeconds: 0 }))
    await deploying(input, async (handle) => {
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError)
    })
    expect(await deployment(input)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('canary 10 % was inconclusive, so nothing was switched: the new version has answered 0 times'),
      gates: [{ verdict: 'inconclusive' }],
    })
    expect(await endpoint()).toMatchObject({ prepared: null, share: 0, active: { deploymentId: old } })
  })

  test('freezes in a pause, and its gates do not', async () => {
    const old = await answering()
    const tell = teller()
    const input = inputFor(2, canary())
    await deploying(input, async (handle) => {
      await atStep(handle, 'canary 10 %', 'running')
      await begun(0.1)
      await handle.executeUpdate(messages.pause, { args: [command('bob')] })
      await atStep(handle, 'canary 10 %', 'paused')
      await tell(old, { answers: 100 })
      await tell(input.deploymentId, { answers: 100 })
      // enough to pass, and it does not move on
      await handle.executeUpdate(messages.pause, { args: [command('bob')] })
      expect(await endpoint()).toMatchObject({ share: 0.1 })
      await tell(input.deploymentId, { nonFinite: 1, errors: 1 })
      expect(await handle.result()).toMatchObject({ state: 'rolled_back', reason: expect.stringContaining('not finite') })
    })
  })

  test('resumed, it goes on', async () => {
    const old = await answering()
    const tell = teller()
    const input = inputFor(2, canary({ steps: [{ share: 0.25, seconds: 0 }] }))
    await deploying(input, async (handle) => {
      await atStep(handle, 'canary 25 %', 'running')
      await begun(0.25)
      await handle.executeUpdate(messages.pause, { args: [command('bob')] })
      await tell(old, { answers: 100 })
      await tell(input.deploymentId, { answers: 100 })
      await handle.executeUpdate(messages.resume, { args: [command('bob')] })
      await atStep(handle, 'bake', 'running')
      await tell(input.deploymentId, { answers: 100 })
      expect(await handle.result()).toMatchObject({ state: 'active' })
    })
  })

  test('promoted, it skips what is left', async () => {
    await answering()
    const input = inputFor(2, canary({ steps: [{ share: 0.1, seconds: hour }], bakeSeconds: hour }))
    await deploying(input, async (handle) => {
      await atStep(handle, 'canary 10 %', 'running')
      await handle.executeUpdate(promote, { args: [command('bob')] })
      expect(await handle.result()).toMatchObject({ state: 'active', revision: 2, reason: null })
    })
    expect(await activeVersion()).toBe(2)
    expect(await verbsOf(input)).toEqual(['promote by bob'])
    expect((await deployment(input))?.gates).toEqual([])
  })

  test.each([
    ['an update', async (handle: Parameters<typeof atStep>[0]) => void (await handle.executeUpdate(rollback, { args: [command('bob')] }))],
    ['a signal from the Temporal UI', (handle: Parameters<typeof atStep>[0]) => handle.signal(rollbackSignal, { by: 'bob' })],
  ])('is rolled back by %s, also in a pause', async (_, undo) => {
    const old = await answering()
    const input = inputFor(2, canary({ steps: [{ share: 0.1, seconds: hour }] }))
    await deploying(input, async (handle) => {
      await atStep(handle, 'canary 10 %', 'running')
      await handle.executeUpdate(messages.pause, { args: [command('eve')] })
      await undo(handle)
      expect(await handle.result()).toMatchObject({ state: 'rolled_back', reason: 'rolled back by bob' })
    })
    expect(await endpoint()).toMatchObject({ prepared: null, share: 0, active: { deploymentId: old } })
  })

  test('stopped, it takes its share back', async () => {
    const old = await answering()
    const input = inputFor(2, canary({ steps: [{ share: 0.1, seconds: hour }] }))
    await deploying(input, async (handle) => {
      await atStep(handle, 'canary 10 %', 'running')
      await handle.executeUpdate(messages.stop, { args: [command('bob')] })
      expect(await handle.result()).toMatchObject({ state: 'stopped', reason: 'stopped by bob' })
    })
    expect(await endpoint()).toMatchObject({ prepared: null, share: 0, active: { deploymentId: old } })
  })

  test('of a first deployment has nothing to compare with, and is a bake only', async () => {
    await Promise.all([register(), startReplica()])
    const tell = teller()
    const input = inputFor(1, canary())
    await deploying(input, async (handle) => {
      await atStep(handle, 'bake', 'running')
      await expect(handle.executeUpdate(rollback, { args: [command()] })).rejects.toMatchObject({ cause: { type: 'nothing_to_roll_back' } })
      await tell(input.deploymentId, { answers: 20 })
      expect(await handle.result()).toMatchObject({ state: 'active', reason: null })
    })
    expect((await deployment(input))?.gates).toMatchObject([
      { step: 'bake', verdict: 'passed', reason: expect.stringContaining('nothing to compare with') },
    ])
  })
})

describe('blue-green', () => {
  const baking = rolloutPlan({ strategy: 'blue-green', bakeSeconds: hour, gates: { minAnswers: 10 } })

  test('switches at once, and a gate that fails in the bake switches back', async () => {
    const old = await answering()
    const tell = teller()
    await tell(old, { answers: 100 })
    const input = inputFor(2, baking)
    await deploying(input, async (handle) => {
      await atStep(handle, 'bake', 'running')
      expect([await stageOf(1), await stageOf(2)]).toEqual(['staging', 'production'])
      await tell(input.deploymentId, { answers: 50, shift: 10 })
      expect(await handle.result()).toMatchObject({
        state: 'rolled_back',
        revision: 2,
        reason: expect.stringContaining('standard deviations'),
      })
    })
    expect(await endpoint()).toMatchObject({ active: { deploymentId: old }, activeRevision: 3, prepareRevision: 3, previous: null })
    expect([await stageOf(1), await stageOf(2)]).toEqual(['production', 'staging'])
    expect(await switches()).toEqual(['activate by ada', 'activate by ada', 'rollback by rollout-gate'])
  })

  test('that nobody asks is inconclusive, says so, and the switch stands', async () => {
    await answering()
    const input = inputFor(2, { ...baking, bakeSeconds: 0, patienceSeconds: 0 })
    await deploying(input, async (handle) => {
      expect(await handle.result()).toMatchObject({ state: 'active', reason: expect.stringContaining('the bake was inconclusive') })
    })
    expect(await deployment(input)).toMatchObject({ state: 'active', gates: [{ step: 'bake', verdict: 'inconclusive' }] })
    expect(await activeVersion()).toBe(2)
  })

  test('is rolled back once, however many ask', async () => {
    const old = await answering()
    const input = inputFor(2, baking)
    await deploying(input, async (handle) => {
      await atStep(handle, 'bake', 'running')
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => handle.executeUpdate(rollback, { args: [command('bob')] })))
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await handle.result()).toMatchObject({ state: 'rolled_back' })
    })
    expect(await endpoint()).toMatchObject({ active: { deploymentId: old }, activeRevision: 3 })
    expect(await switches()).toEqual(['activate by ada', 'activate by ada', 'rollback by bob'])
    expect(await verbsOf(input)).toEqual(['rollback by bob'])
  })

  test('a stop in the bake ends the watch, and the switch stands', async () => {
    await answering()
    const input = inputFor(2, baking)
    await deploying(input, async (handle) => {
      await atStep(handle, 'bake', 'running')
      await handle.executeUpdate(messages.stop, { args: [command('bob')] })
      expect(await handle.result()).toMatchObject({ state: 'active', reason: 'stopped by bob' })
    })
    expect(await activeVersion()).toBe(2)
  })

  test('while it bakes no other deployment begins', async () => {
    await answering()
    const input = inputFor(2, baking)
    await deploying(input, async (handle) => {
      await atStep(handle, 'bake', 'running')
      const other = await world.start(inputFor(1))
      await expect(other.result()).rejects.toThrow(WorkflowFailedError)
      await handle.executeUpdate(promote, { args: [command()] })
      await handle.result()
    })
  })
})

describe('approval', () => {
  const asking = rolloutPlan({ approval: true })

  test('comes before any replica hears of it', async () => {
    await Promise.all([register(), startReplica()])
    const input = inputFor(1, asking)
    await deploying(input, async (handle) => {
      await atStep(handle, 'approval', 'awaiting_approval')
      await eventually(async () => expect(await deployment(input)).toMatchObject({ state: 'awaiting_approval' }))
      expect(await endpoint()).toBeUndefined()
      await expect(handle.executeUpdate(rollback, { args: [command()] })).rejects.toMatchObject({ cause: { type: 'nothing_to_roll_back' } })
      await handle.executeUpdate(messages.approve, { args: [command('cy')] })
      expect(await handle.result()).toMatchObject({ state: 'active' })
    })
    expect(await verbsOf(input)).toEqual(['approve by cy'])
  })

  test('refused, it ends; approving it then is told that it was decided', async () => {
    await register()
    const input = inputFor(1, asking)
    await deploying(input, async (handle) => {
      await atStep(handle, 'approval', 'awaiting_approval')
      // paused, it takes the decision and does not end
      await handle.executeUpdate(messages.pause, { args: [command('eve')] })
      await handle.executeUpdate(messages.reject, { args: [{ ...command('cy'), reason: 'month end' }] })
      await expect(handle.executeUpdate(messages.approve, { args: [command('bob')] })).rejects.toMatchObject({
        cause: { type: 'already_decided' },
      })
      await handle.executeUpdate(messages.resume, { args: [command('eve')] })
      expect(await handle.result()).toMatchObject({ state: 'rejected', reason: 'rejected by cy: month end' })
    })
    expect(await deployment(input)).toMatchObject({ state: 'rejected', failure: 'rejected by cy: month end' })
  })
})

test('who waits for a rollout is nudged when it is active, and when it has ended', async () => {
  await Promise.all([register(), startReplica()])
  const waiting = await world.start(inputFor(1, rolloutPlan({ approval: true })))
  const input = { ...inputFor(1, rolloutPlan({ strategy: 'blue-green', bakeSeconds: hour })), notify: waiting.workflowId }
  const nudges = async () =>
    ((await waiting.fetchHistory()).events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'nudge')
      .length
  await deploying({ ...input, endpoint: `${world.name}-b` }, async (handle) => {
    await atStep(handle, 'bake', 'running')
    await eventually(async () => expect(await nudges()).toBe(1))
    await handle.executeUpdate(promote, { args: [command()] })
    await handle.result()
    expect(await nudges()).toBe(2)
    await waiting.terminate()
  })
})

test('a deployment without a live workflow is undone by rollBack, once', async () => {
  const old = await answering()
  const input = inputFor(2)
  await deploying(input, async (handle) => void (await handle.result()))
  const undo = (deploymentId: string) =>
    world.client.workflow.execute('rollBack', {
      workflowId: `rollback/${world.name}/${deploymentId}/${randomUUID()}`,
      taskQueue: 'orchestration',
      args: [{ deploymentId, endpoint: world.name, command: command('bob') }],
    })
  expect(await undo(input.deploymentId)).toMatchObject({ doneNow: true, answers: { deploymentId: old, revision: 3 } })
  expect(await undo(input.deploymentId)).toMatchObject({ doneNow: false, answers: { deploymentId: old, revision: 3 } })
  await expect(undo(old)).rejects.toMatchObject({ cause: { cause: { type: 'nothing_to_roll_back' } } })
  expect(await switches()).toEqual(['activate by ada', 'activate by ada', 'rollback by bob'])
})
