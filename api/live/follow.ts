/**
 * One follower on one WebSocket: everything after its position, in order, each once, until the last event or until it
 * goes. Nothing is queued for it: the next event is read when the one before has left for the network, so a slow
 * follower costs a buffer and holds up nobody.
 */
import { upgradeWebSocket } from '@hono/node-server'
import type { Context } from 'hono'
import type { WebSocket } from 'ws'
import { closeCodes } from '#contracts/events.ts'
import type { Reading } from '#db/queries/event-sequence.ts'
import type { AppDependencies, AppEnv } from '../dependencies.ts'
import { explain } from '../errors.ts'
import type { Followed, Lookout } from './lookout.ts'

export type Source<E extends { sequence: number }> = Followed & { read: (after: number, limit: number) => Promise<Reading<E>> }

const batch = 200
/** how often a follower's key is looked up again */
const keyCheckMs = 2_000
/** a follower that has not answered the ping before is gone */
const pingMs = 15_000

/** Whether the request asks for a WebSocket, and the server behind the app can open one. */
export const wantsSocket = (c: Context<AppEnv>): boolean =>
  c.req.header('upgrade')?.toLowerCase() === 'websocket' && (c.env as { wss?: unknown } | undefined)?.wss !== undefined

export function followBySocket<E extends { sequence: number }>(
  c: Context<AppEnv>,
  { lookout, log }: Pick<AppDependencies, 'log'> & { lookout: Lookout },
  source: Source<E>,
  after: number,
): Promise<Response> {
  const isStillAllowed = c.get('isStillAllowed')
  return upgradeWebSocket(c, {
    onOpen: (_, { raw }) => void follow(raw as WebSocket, { lookout, log, source, after, isStillAllowed }),
  })
}

type Following<E extends { sequence: number }> = {
  lookout: Lookout
  log: AppDependencies['log']
  source: Source<E>
  after: number
  isStillAllowed: () => Promise<boolean>
}

async function follow<E extends { sequence: number }>(socket: WebSocket, following: Following<E>): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  const endWatch = watchFollower(socket, following.isStillAllowed)
  try {
    for await (const event of eventsAfter(following, gone.signal)) await send(socket, event)
    if (!gone.signal.aborted) socket.close(closeCodes.ended, 'that was the last event')
  } catch (error) {
    if (gone.signal.aborted) return
    const { code, message } = explain(error)
    following.log.warn({ err: error, source: following.source.key }, 'a follower was sent away')
    socket.close(closeCodes.tryAgain, `${code}: ${message}`.slice(0, maxReasonLength))
  } finally {
    endWatch()
  }
}

/** A close frame holds 123 bytes. */
const maxReasonLength = 120

async function* eventsAfter<E extends { sequence: number }>(
  { lookout, source, after }: Following<E>,
  signal: AbortSignal,
): AsyncGenerator<E> {
  let position = after
  while (!signal.aborted) {
    const { events, ended } = await source.read(position, batch)
    for (const event of events) {
      yield event
      position = event.sequence
    }
    if (ended) return
    if (events.length === 0) await lookout.past(source, position, signal)
  }
}

const send = (socket: WebSocket, event: unknown) =>
  new Promise<void>((resolve, reject) => socket.send(JSON.stringify(event), (error) => (error == null ? resolve() : reject(error))))

/** Ends the connection of a follower whose key was revoked, or who is no longer there. Call the answer to stop watching. */
function watchFollower(socket: WebSocket, isStillAllowed: () => Promise<boolean>): () => void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const pings = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, pingMs)
  const checks = setInterval(() => {
    isStillAllowed().then(
      (allowed) => {
        if (!allowed) socket.close(closeCodes.keyRevoked, 'the API key was revoked')
      },
      // PostgreSQL is away: nothing can be read either, and the reader says so
      () => {},
    )
  }, keyCheckMs)
  socket.once('close', stop)
  return stop

  function stop(): void {
    clearInterval(pings)
    clearInterval(checks)
  }
}
