/** A small durable process with one of each kind of chapter, for the tests of durable.ts. */
import { continueAsNew, proxyActivities } from '@temporalio/workflow'
import { type CarriedRun, DurableRun } from '#workflows/durable.ts'
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

/** Goes on for ever: each round it works, also while it is paused, and every third one continues as new. */
export async function standing(id: string, round = 0, carried?: CarriedRun): Promise<StoryResult> {
  const run = new DurableRun('training-run', id, carried)
  run.listen()
  return await run.live<StoryResult>({
    open: () => open(id),
    story: async () => {
      for (; ; round++) {
        await run.always(() => prepare(`${id}/${round}`))
        if (run.isFree) await run.step('act', () => record(`acted in round ${round}`))
        if (round % 3 === 2) return await run.continueAsNew((run) => continueAsNew<typeof standing>(id, round + 1, run))
        await run.nudgedOr('watch', 1_000_000)
      }
    },
    stopped: async (by) => {
      await record('stopped')
      return { state: 'stopped', by, waitedMs: run.state().activeMs }
    },
    failed: (reason) => record(`failed: ${reason}`),
  })
}

/** Long work that only a stop interrupts. */
export async function watching(id: string): Promise<StoryResult> {
  const run = new DurableRun('training-run', id)
  run.listen()
  return await run.live<StoryResult>({
    open: () => open(id),
    story: async () => ({ state: 'watched', toil: await run.alwaysUntilStopped(() => toil(id)) }),
    stopped: async (by) => ({ state: 'stopped', by }),
    failed: (reason) => record(`failed: ${reason}`),
  })
}
