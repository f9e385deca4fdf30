import { setTimeout as delay } from 'node:timers/promises'

/** What somebody may follow. `newest` is cheap: it answers the highest sequence that there is. */
export type Followed = { key: string; newest: () => Promise<number> }

type Waiter = { position: number; resolve: () => void; reject: (reason: unknown) => void }

export type Lookout = ReturnType<typeof createLookout>

/** Looks at each followed source once an interval, however many follow it, and not at all when nobody does. */
export function createLookout(everyMs = 1_000) {
  const watched = new Map<string, Set<Waiter>>()

  const watch = async ({ key, newest }: Followed, waiters: Set<Waiter>): Promise<void> => {
    while (waiters.size > 0) {
      await delay(everyMs)
      try {
        const sequence = waiters.size === 0 ? 0 : await newest()
        for (const waiter of waiters) if (waiter.position < sequence) waiter.resolve()
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error)
      }
    }
    watched.delete(key)
  }

  return {
    /** Comes back when the source has moved past the position, or when the signal says that nobody waits any more. */
    async past(source: Followed, position: number, signal: AbortSignal): Promise<void> {
      if (signal.aborted) return
      const joined = watched.get(source.key)
      const waiters = joined ?? new Set<Waiter>()
      const { promise, resolve, reject } = deferred()
      const waiter: Waiter = { position, resolve, reject }
      signal.addEventListener('abort', resolve)
      waiters.add(waiter)
      if (joined === undefined) {
        watched.set(source.key, waiters)
        void watch(source, waiters)
      }
      try {
        await promise
      } finally {
        waiters.delete(waiter)
        signal.removeEventListener('abort', resolve)
      }
    },
  }
}

function deferred() {
  let resolve!: () => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<void>((fulfil, fail) => {
    resolve = fulfil
    reject = fail
  })
  return { promise, resolve, reject }
}
