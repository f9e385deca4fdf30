import { ApplicationFailure, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow'
import { atomic } from './proxies.ts'

type Activities = Record<string, (...args: never[]) => Promise<unknown>>
type Called = Record<string, (...args: unknown[]) => Promise<unknown>>

/**
 * Atomic side effects on the spot: tried once within the workflow task, which saves the way through the server and back,
 * and put on the queue when that fails. So an outage neither holds up the task nor grows the history, and the usual case
 * costs milliseconds.
 */
export function onTheSpot<A extends Activities>(options: { summary?: string } = {}): A {
  const here = proxyLocalActivities<Called>({ ...once, ...options })
  const queued = proxyActivities<Called>({ ...atomic, ...options })
  const call = async (name: string, args: unknown[]) => {
    try {
      return await here[name]!(...args)
    } catch (error) {
      if (isFinal(error)) throw error
      return await queued[name]!(...args)
    }
  }
  return new Proxy({} as A, {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        call(name, args),
  })
}

/**
 * Work that has a longer way as well: tried once within the workflow task.
 * @returns undefined when it did not come about there
 */
export async function ifOnTheSpot<A extends Activities, Name extends keyof A & string>(
  name: Name,
  ...args: Parameters<A[Name]>
): Promise<Awaited<ReturnType<A[Name]>> | undefined> {
  try {
    return (await proxyLocalActivities<Called>(once)[name]!(...args)) as Awaited<ReturnType<A[Name]>>
  } catch (error) {
    if (isFinal(error)) throw error
    return undefined
  }
}

const once = { startToCloseTimeout: '2 seconds', retry: { maximumAttempts: 1 } } as const

/** What another try would answer as well. A local activity's failure comes without the envelope of an activity's. */
const isFinal = (error: unknown) => (error instanceof ApplicationFailure && error.nonRetryable === true) || isCancellation(error)
