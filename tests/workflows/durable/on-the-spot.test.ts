import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { ApplicationFailure } from '@temporalio/activity'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { atEdge } from '#activities/edge.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import type { callOnTheSpot } from './spot-story.ts'

let temporal: DevTemporal
let bundle: WorkflowBundleWithSourceMap

beforeAll(async () => {
  quietRuntime()
  const workflowsPath = fileURLToPath(new URL('./spot-story.ts', import.meta.url))
  ;[temporal, bundle] = await Promise.all([devTemporal(), bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') })])
})
afterAll(() => temporal.close())

/** What came of it, how often it was tried, and how often by way of the queue. */
async function calling(act: (attempt: number) => Promise<string>) {
  let tries = 0
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    taskQueue: taskQueues.orchestration,
    workflowBundle: bundle,
    activities: atEdge({ act: () => act(++tries) }),
  })
  return await worker.runUntil(async () => {
    const handle = await temporal.client.workflow.start<typeof callOnTheSpot>('callOnTheSpot', {
      workflowId: randomUUID(),
      taskQueue: taskQueues.orchestration,
    })
    const outcome = await handle.result().catch((error: { cause?: { type?: string } }) => error.cause?.type)
    const { events } = await handle.fetchHistory()
    return { outcome, tries, queued: events!.filter((event) => event.activityTaskScheduledEventAttributes).length }
  })
}

describe('a side effect on the spot', () => {
  it('needs no way through the queue', async () => {
    expect(await calling(async () => 'done')).toEqual({ outcome: 'done', tries: 1, queued: 0 })
  })

  it('goes through the queue, as one entry, when what it needs is away', async () => {
    const away = async (attempt: number) => {
      if (attempt < 4) throw new QuantloopError('unavailable', 'PostgreSQL is away')
      return 'done'
    }
    expect(await calling(away)).toEqual({ outcome: 'done', tries: 4, queued: 1 })
  })

  it('goes through the queue when it hangs', async () => {
    let release: (late: string) => void = () => {}
    const hang = async (attempt: number) => {
      if (attempt === 1) return await new Promise<string>((resolve) => (release = resolve))
      release('late')
      return 'done'
    }
    expect(await calling(hang)).toEqual({ outcome: 'done', tries: 2, queued: 1 })
  })

  it('is not tried again when it was refused for good', async () => {
    const refuse = async (): Promise<string> => {
      throw new QuantloopError('conflict', 'the head has moved')
    }
    expect(await calling(refuse)).toEqual({ outcome: 'conflict', tries: 1, queued: 0 })
    const broken = async (): Promise<string> => {
      throw ApplicationFailure.nonRetryable('no', 'internal')
    }
    expect(await calling(broken)).toEqual({ outcome: 'internal', tries: 1, queued: 0 })
  })
})
