import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { WorkflowFailedError } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReplicaReadiness } from '#activities/deployments.ts'
import { atEdge } from '#activities/edge.ts'
import type { DeployModelInput } from '#contracts/deployments.ts'
import { deploymentWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { findEndpoint } from '#db/queries/endpoints.ts'
import { timeSkippingTemporal } from '#tests/support/temporal.ts'
import { command } from '#tests/workflows/durable/world.ts'
import type { deployModel } from '#workflows/deploy-model.ts'
import * as messages from '#workflows/messages/run.ts'
import { deployWorld } from './world.ts'

const world = deployWorld()
const { inputFor, register, deploying, startReplica, atStep, activeVersion, eventually, leaseOf, verbsOf } = world

describe('deployModel', () => {
  test('switches when every live replica is ready, and ends when they answer with it', async () => {
    const [one, two] = [await startReplica(), await startReplica()]
    await Promise.all([register(), register({ version: 2 })])
    for (const version of [1, 2]) {
      const input = inputFor(version)
      await deploying(input, async (handle) => {
        expect(await handle.result()).toEqual({ deploymentId: input.deploymentId, state: 'active', revision: version, reason: null })
        for (const { replica } of [one, two]) expect((await leaseOf(replica.replicaId))?.active[world.name]).toBe(version)
        expect(await findDeployment(world.db, input.deploymentId)).toMatchObject({ state: 'active', revision: version, failure: null })
        const description = await handle.describe()
        expect(description.searchAttributes).toMatchObject({ Endpoint: [world.name], ModelName: [world.name], TriggeredBy: ['ada'] })
        expect(description.raw.workflowExecutionInfo?.historySizeBytes?.toNumber()).toBeLessThan(30_000)
      })
    }
    expect(await activeVersion()).toBe(2)
  })

  test('a pause freezes it before the switch, however ready the replicas are', async () => {
    await register()
    const input = inputFor(1)
    await deploying(input, async (handle) => {
      await atStep(handle, 'warm', 'running')
      await handle.executeUpdate(messages.pause, { args: [command('bob')] })
      await atStep(handle, 'warm', 'paused')
      const { replica } = await startReplica()
      await eventually(async () => expect((await leaseOf(replica.replicaId))?.ready[world.name]).toBe(1))
      expect(await activeVersion()).toBeNull()
      expect(await handle.query(messages.runState)).toMatchObject({ phase: 'paused', pausedBy: 'bob' })
      await handle.executeUpdate(messages.resume, { args: [command('bob')] })
      expect(await handle.result()).toMatchObject({ state: 'active', revision: 1 })
    })
    expect(await verbsOf(input)).toEqual(['pause by bob', 'resume by bob'])
  })

  test('stopped while it waits, it withdraws its route', async () => {
    await register()
    const input = inputFor(1)
    await deploying(input, async (handle) => {
      await atStep(handle, 'warm', 'running')
      await handle.executeUpdate(messages.stop, { args: [command('bob')] })
      expect(await handle.result()).toMatchObject({ state: 'stopped', reason: 'stopped by bob' })
    })
    expect(await findEndpoint(world.db, world.name)).toMatchObject({ prepared: null, active: null })
    expect(await findDeployment(world.db, input.deploymentId)).toMatchObject({ state: 'stopped', failure: 'stopped by bob' })
  })

  test('a cancellation from the Temporal UI means stop', async () => {
    await register()
    await deploying(inputFor(1), async (handle) => {
      await atStep(handle, 'warm', 'running')
      await handle.cancel()
      expect(await handle.result()).toMatchObject({ state: 'stopped' })
    })
  })

  test('a replica that cannot serve the version refuses it', async () => {
    await startReplica()
    await register({ onnx: 'constant-nan' })
    const input = inputFor(1)
    await deploying(input, async (handle) => {
      expect(await handle.result()).toMatchObject({ state: 'refused', reason: expect.stringContaining('the model answered NaN for AAPL') })
    })
    expect(await findEndpoint(world.db, world.name)).toMatchObject({ prepared: null, active: null, activeRevision: 0 })
  })

  test('a version that was not approved is refused before any replica hears of it', async () => {
    await register({ stage: 'testing' })
    const input = inputFor(1)
    await deploying(input, async (handle) => {
      expect(await handle.result()).toMatchObject({ state: 'refused', revision: null, reason: expect.stringContaining('at stage testing') })
    })
    expect(await findEndpoint(world.db, world.name)).toBeUndefined()
  })

  test('one deployment at a time: a second one fails with what is under way', async () => {
    await register()
    const [first, second] = [inputFor(1), inputFor(1)]
    await deploying(first, async (handle) => {
      await atStep(handle, 'warm', 'running')
      const other = await world.start(second)
      await expect(other.result()).rejects.toThrow(WorkflowFailedError)
      await handle.executeUpdate(messages.stop, { args: [command()] })
      await handle.result()
    })
    expect(await findDeployment(world.db, second.deploymentId)).toMatchObject({
      state: 'refused',
      failure: expect.stringContaining(first.deploymentId),
    })
  })
})

describe('waiting too long', () => {
  let environment: TestWorkflowEnvironment
  beforeAll(async () => {
    environment = await timeSkippingTemporal()
  })
  afterAll(() => environment.teardown())

  async function deployWithSlowReplicas(input: DeployModelInput, watched: (look: number) => ReplicaReadiness) {
    let looks = 0
    const watchReplicas = async () => {
      await environment.sleep('4 seconds')
      return watched(++looks)
    }
    const { client, nativeConnection: connection } = environment
    const taskQueue = taskQueues.orchestration
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle: world.bundle,
      activities: atEdge({ ...world.activities(), watchReplicas }),
    })
    const workflowId = deploymentWorkflowId(input.endpoint, input.deploymentId)
    return await worker.runUntil(client.workflow.execute<typeof deployModel>('deployModel', { workflowId, taskQueue, args: [input] }))
  }

  test('without a live replica it fails, says so, and the route is withdrawn', async () => {
    await register()
    const input = inputFor(1)
    const nobody: ReplicaReadiness = { verdict: 'waiting', live: 0, waitingFor: [], refusal: null }
    await expect(deployWithSlowReplicas(input, () => nobody)).rejects.toThrow(WorkflowFailedError)
    expect(await findDeployment(world.db, input.deploymentId)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('no serving replica is live'),
    })
    expect(await findEndpoint(world.db, world.name)).toMatchObject({ prepared: null, active: null })
  })

  test('a replica that lags behind the switch is named, and the switch stands', async () => {
    await register()
    const input = inputFor(1)
    const reached: ReplicaReadiness = { verdict: 'reached', live: 1, waitingFor: [], refusal: null }
    const lagging: ReplicaReadiness = { verdict: 'waiting', live: 2, waitingFor: ['replica-b'], refusal: null }
    const result = await deployWithSlowReplicas(input, (look) => (look === 1 ? reached : lagging))
    expect(result).toMatchObject({ state: 'active', reason: expect.stringContaining('waiting for replica-b of 2') })
    expect(await activeVersion()).toBe(1)
  })
})
