/** A small durable process with one of each kind of chapter, for the tests of durable.ts. */
import { proxyActivities } from '@temporalio/workflow'
import { DurableRun } from '#workflows/durable.ts'
import { atomic, interruptible } from '#workflows/proxies.ts'
import type { StoryActivities } from './world.ts'

const { open, prepare, record, judge } = proxyActivities<StoryActivities>({ ...atomic, retry: { initialInterval: '100 milliseconds' } })
const { toil } = proxyActivities<StoryActivities>({ ...interruptible, taskQueue: 'toil' })

export type StoryResult = { state: string; by?: string; toil?: string; waitedMs?: number }

export async function story(id: string): Promise<StoryResult> {
  const run = new DurableRun('training-run', id)
  run.listen()
  return await run.live<StoryResult>({
    open: () => open(id),
    story: async () => {
      await run.step('prepare', () => prepare(id))
      const answer = await run.pausable('toil', () => toil(id))
      const decision = await run.approval('decide')
      await run.conclude('judge', () => judge(decision.verdict))
      return { state: decision.verdict, by: decision.command.by, toil: answer }
    },
    stopped: async (by) => {
      await record('stopped')
      return { state: 'stopped', by }
    },
    failed: (reason) => record(`failed: ${reason}`),
  })
}

/** Waits as one process waits for another that it does not own. */
export async function waiting(id: string, rounds: number): Promise<StoryResult> {
  const run = new DurableRun('training-run', id)
  run.listen()
  return await run.live<StoryResult>({
    open: () => open(id),
    story: async () => {
      for (let round = 0; round < rounds; round++) {
        await run.step('ask', () => prepare(`${id}/${round}`))
        await run.nudged('wait', 1_000_000)
      }
      return { state: 'nudged', waitedMs: run.state().activeMs }
    },
    stopped: async (by) => ({ state: 'stopped', by }),
    failed: (reason) => record(`failed: ${reason}`),
  })
}

/** A fault in workflow code, which no activity's outcome can excuse. */
export async function faulty(id: string): Promise<StoryResult> {
  const run = new DurableRun('training-run', id)
  run.listen()
  return await run.live<StoryResult>({
    open: () => open(id),
    story: () => Promise.reject(new TypeError('a fault in the story')),
    stopped: async (by) => ({ state: 'stopped', by }),
    failed: (reason) => record(`failed: ${reason}`),
  })
}
