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
  const here = proxyLocalActivities<Called>({ startToCloseTimeout: '2 seconds', retry: { maximumAttempts: 1 }, ...options })
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

/** What another try would answer as well. A local activity's failure comes without the envelope of an activity's. */
const isFinal = (error: unknown) => (error instanceof ApplicationFailure && error.nonRetryable === true) || isCancellation(error)
