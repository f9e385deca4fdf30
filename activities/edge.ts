import { ApplicationFailure } from '@temporalio/activity'
import { asQuantloopError, type ErrorCode } from '#contracts/errors.ts'

/** Worth another try: what failed lies outside us and may come back. */
const transient: ReadonlySet<ErrorCode> = new Set(['unavailable', 'source_unavailable', 'rate_limited'])

type Activities = Record<string, (...args: never[]) => Promise<unknown>>

/** At the edge of an activity an error code becomes the type of an ApplicationFailure, not retried unless transient. */
export function atEdge<T extends Activities>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: never[]) => {
      try {
        return await activity(...args)
      } catch (raised) {
        const error = asQuantloopError(raised)
        if (error === undefined) throw raised
        throw ApplicationFailure.create({
          message: error.message,
          type: error.code,
          details: [error.place],
          nonRetryable: !transient.has(error.code),
          cause: error,
        })
      }
    },
  ])
  return Object.fromEntries(wrapped) as T
}
