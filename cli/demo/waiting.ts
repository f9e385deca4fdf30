/** Waiting from outside: the demo asks the API as anybody would. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient, Page } from '../client.ts'
import type { TrainingRun } from '#contracts/training.ts'
import { QuantloopError } from '#contracts/errors.ts'

const pollMs = 250

export async function settled<T>(
  read: () => Promise<T>,
  done: (value: T) => boolean,
  show: (value: T) => void = () => {},
  everyMs = pollMs,
): Promise<T> {
  for (;;) {
    const value = await read()
    if (done(value)) return value
    show(value)
    await sleep(everyMs)
  }
}

/** Follows a run until it waits for approval or has ended. */
export const judged = (client: ApiClient, id: string, show: (run: TrainingRun) => void) =>
  settled(
    () => client.trainingRuns.find(id),
    (run) => run.state === 'awaiting_approval' || run.endedAt !== null,
    show,
  )

/** Undefined while nothing is known by that name. */
export const known = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: unknown) => {
    if (error instanceof QuantloopError && error.code === 'not_found') return undefined
    throw error
  })

/** A prediction is answered from memory and logged on the replica's disk; it reaches the database a moment later. */
export const shipped = (client: ApiClient, id: string) =>
  settled(
    () => known(client.predictions.find(id)),
    (found) => found !== undefined,
  )

/** Every item of a list, page after page. */
export async function everything<T>(list: (paging: { limit: number; after?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  for (let after: string | null | undefined; after !== null;) {
    const page = await list({ limit: 200, ...(after === undefined ? {} : { after }) })
    items.push(...page.items)
    after = page.nextCursor
  }
  return items
}
