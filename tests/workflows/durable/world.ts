import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { bundleWorkflowCode, type NativeConnection, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { interruptible } from '#activities/interruptible.ts'
import type { JournalEntry } from '#activities/journal.ts'
import { senderOf } from '#activities/sender.ts'

/** A gate in an activity: the test hears that it was reached, and says when it goes on. */
export class Gate {
  private arrivals = 0
  private readonly listeners = new Set<() => void>()
  private open: boolean
  private release: () => void = () => {}
  private opened: Promise<void>

  constructor(open: boolean) {
    this.open = open
    this.opened = new Promise((resolve) => (this.release = resolve))
    if (open) this.release()
  }

  close(): void {
    if (!this.open) return
    this.open = false
    this.opened = new Promise((resolve) => (this.release = resolve))
  }

  unlock(): void {
    this.open = true
    this.release()
  }

  get count(): number {
    return this.arrivals
  }

  async pass(cancelled?: AbortSignal): Promise<void> {
    this.arrivals++
    for (const listener of this.listeners) listener()
    await Promise.race([this.opened, ...(cancelled === undefined ? [] : [aborted(cancelled)])])
  }

  async reached(times = 1): Promise<void> {
    await heard(this.listeners, () => this.arrivals >= times)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

async function heard(listeners: Set<() => void>, met: () => boolean): Promise<void> {
  if (met()) return
  await new Promise<void>((resolve) => {
    const listener = () => {
      if (!met()) return
      listeners.delete(listener)
      resolve()
    }
    listeners.add(listener)
  })
}

/** The activities of the story, and what they saw. */
export function createStoryWorld() {
  const gates = { open: new Gate(true), prepare: new Gate(true), toil: new Gate(false), judge: new Gate(true) }
  const journal: JournalEntry[] = []
  const records: string[] = []
  const senders: (string | undefined)[] = []
  const listeners = new Set<() => void>()
  const state: { toiling: number; mostToiling: number; openFailure: Error | undefined; journalFailure: Error | undefined } = {
    toiling: 0,
    mostToiling: 0,
    openFailure: undefined,
    journalFailure: undefined,
  }
  const activities = {
    async open(_id: string): Promise<void> {
      await gates.open.pass()
      if (state.openFailure) throw state.openFailure
      records.push('opened')
    },
    async prepare(_id: string): Promise<void> {
      await gates.prepare.pass()
    },
    async toil(id: string): Promise<string> {
      state.mostToiling = Math.max(state.mostToiling, ++state.toiling)
      try {
        return await interruptible(async (cancelled) => {
          await gates.toil.pass(cancelled)
          return `toil of ${id}`
        })
      } finally {
        state.toiling--
      }
    },
    async judge(_verdict: string): Promise<void> {
      await gates.judge.pass()
    },
    async record(what: string): Promise<void> {
      records.push(what)
    },
    async recordRunState(entry: JournalEntry): Promise<void> {
      if (state.journalFailure) throw state.journalFailure
      if (entry.command?.signal) senders.push(await senderOf(entry.command.signal))
      journal.push(entry)
      for (const listener of listeners) listener()
    },
  }
  return {
    activities,
    gates,
    journal,
    records,
    senders,
    state,
    /** Until an entry of the journal says so. */
    journalled: (met: (entry: JournalEntry) => boolean) => heard(listeners, () => journal.some(met)),
    phases: () => journal.map(({ phase, step }) => `${step}: ${phase}`),
    verbs: () => journal.flatMap(({ command }) => (command === undefined ? [] : [`${command.verb} by ${command.by} via ${command.via}`])),
  }
}

export type StoryWorld = ReturnType<typeof createStoryWorld>
export type StoryActivities = StoryWorld['activities']

export const bundleStories = (): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./story.ts', import.meta.url)), logger: { ...silent } })

const nothing = () => {}
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: console.error }

/** Workers of both queues on one server; the toiling one has a single slot. */
export async function withStoryWorkers<T>(
  server: { client: Client; nativeConnection: NativeConnection; namespace: string },
  workflowBundle: WorkflowBundleWithSourceMap,
  world: StoryWorld,
  test: () => Promise<T>,
): Promise<T> {
  const { nativeConnection: connection, namespace } = server
  const throttle = { maxHeartbeatThrottleInterval: '200 milliseconds', defaultHeartbeatThrottleInterval: '200 milliseconds' } as const
  const orchestration = await Worker.create({
    connection,
    namespace,
    taskQueue: 'orchestration',
    workflowBundle,
    activities: world.activities,
  })
  const toil = await Worker.create({
    connection,
    namespace,
    taskQueue: 'toil',
    activities: world.activities,
    maxConcurrentActivityTaskExecutions: 1,
    ...throttle,
  })
  return await orchestration.runUntil(toil.runUntil(test))
}

export const command = (by = 'ann') => ({ commandId: randomUUID(), by })
