import { QuantloopError } from '#contracts/errors.ts'

const windowMs = 60_000
/** wrong keys that one client may send within a window */
const allowed = 60
const rememberedClients = 10_000

/** Slows down who guesses keys: after too many wrong ones, a client waits for its window to end. Right keys never count. */
export function createFailureLimit(clock: () => Date) {
  const windows = new Map<string, { count: number; endsAt: number }>()
  return {
    /** @throws QuantloopError rate_limited */
    assertAllowed(client: string): void {
      const window = windows.get(client)
      const left = window === undefined ? 0 : window.endsAt - clock().getTime()
      if (window !== undefined && left > 0 && window.count >= allowed) {
        const retryAfterSeconds = Math.ceil(left / 1000)
        throw new QuantloopError('rate_limited', `too many wrong API keys from here: try again in ${retryAfterSeconds} s`, {
          retryAfterSeconds,
        })
      }
    },
    count(client: string): void {
      const now = clock().getTime()
      const window = windows.get(client)
      if (window && window.endsAt > now) window.count++
      else {
        if (windows.size >= rememberedClients) windows.clear()
        windows.set(client, { count: 1, endsAt: now + windowMs })
      }
    },
  }
}
