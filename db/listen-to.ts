import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export type Listener = { close(): Promise<void> }

const againAfterMs = 1_000
const connectWithinMs = 5_000

/**
 * Hears what is notified on a channel, on a connection of its own that is made anew for ever when it is lost. A
 * notification may be missed then: it is a hint, and `heard` is also called at each new connection. Whoever listens
 * must look by itself as well.
 */
export function listenTo(
  url: string,
  channel: string,
  { heard, onError }: { heard: () => void; onError: (error: Error) => void },
): Listener {
  const closing = new AbortController()
  let client: pg.Client | undefined

  const listenOnce = async (): Promise<void> => {
    const connection = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectWithinMs, keepAlive: true })
    const lost = new Promise<void>((resolve) => {
      connection.once('end', resolve)
      connection.on('error', (error) => {
        onError(error)
        resolve()
      })
    })
    connection.on('notification', heard)
    client = connection
    try {
      await connection.connect()
      await connection.query(`listen ${pg.escapeIdentifier(channel)}`)
      heard()
      await lost
    } finally {
      await connection.end().catch(() => {})
    }
  }

  const listening = (async () => {
    while (!closing.signal.aborted) {
      await listenOnce().catch(onError)
      await delay(againAfterMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  })()

  return {
    close: async () => {
      closing.abort()
      await client?.end().catch(() => {})
      await listening
    },
  }
}
