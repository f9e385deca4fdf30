/**
 * Live progress over a WebSocket, as an async iterator. A connection that is cut is made again from the last sequence
 * that was seen, for as long as the client has patience since it last heard anything.
 */
import { on, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { QuantloopError } from '#contracts/errors.ts'
import { closeCodes } from '#contracts/events.ts'
import { page } from '#contracts/problems.ts'
import { address, between, type ClientOptions, type Transport } from './transport.ts'

const maxPayloadBytes = 4 * 1024 * 1024
const handshakeMs = 5_000
/** the server pings each 15 s: a connection that is silent for longer than this is dead */
const silenceMs = 45_000
/** messages that wait here before the server is asked to hold on */
const buffered = 256

export async function* followEvents<E extends { sequence: number }>(
  { apiUrl, apiKey, patienceMs = 0 }: ClientOptions,
  { get }: Transport,
  path: string,
  schema: z.ZodType<E>,
  after: number,
): AsyncGenerator<E> {
  let position = after
  let heardAt = Date.now()
  for (let attempt = 0; ; attempt++) {
    const url = address(apiUrl.replace(/^http/, 'ws'), `/api/v1${path}`, position === 0 ? {} : { after: position })
    try {
      for await (const message of messagesOf(url, apiKey)) {
        const event = readEvent(message, schema, url)
        position = event.sequence
        heardAt = Date.now()
        attempt = 0
        yield event
      }
      return
    } catch (error) {
      if (!(error instanceof QuantloopError) || error.code !== 'unavailable') throw error
      // a refusal has no body on a WebSocket: the same address says by plain GET what it minds
      await get(path, page(schema), { limit: 1 })
      if (Date.now() + between(attempt) > heardAt + patienceMs) throw error
      await sleep(between(attempt))
    }
  }
}

/** @throws QuantloopError unavailable when the connection is refused or cut, unauthenticated when the key was revoked */
async function* messagesOf(url: string, apiKey: string | undefined): AsyncGenerator<string> {
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  const socket = new WebSocket(url, { headers, handshakeTimeout: handshakeMs, maxPayload: maxPayloadBytes, perMessageDeflate: false })
  const closed = once(socket, 'close').catch(() => [closeCodes.tryAgain, ''])
  const silence = setTimeout(() => socket.terminate(), silenceMs)
  socket.on('ping', () => silence.refresh())
  try {
    for await (const [message] of on(socket, 'message', { close: ['close'], highWaterMark: buffered })) {
      silence.refresh()
      yield String(message)
    }
    const [code, reason] = (await closed) as [number, Buffer]
    if (code === closeCodes.ended) return
    if (code === closeCodes.keyRevoked) throw new QuantloopError('unauthenticated', String(reason))
    throw new QuantloopError('unavailable', `the connection to ${url} was cut (${code} ${String(reason)})`.trim(), { url })
  } catch (error) {
    if (error instanceof QuantloopError) throw error
    throw new QuantloopError(
      'unavailable',
      `${url} opens no connection: ${error instanceof Error ? error.message : error}`,
      { url },
      { cause: error },
    )
  } finally {
    clearTimeout(silence)
    socket.on('error', () => {})
    socket.terminate()
  }
}

function readEvent<E>(message: string, schema: z.ZodType<E>, url: string): E {
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    value = undefined
  }
  const event = schema.safeParse(value)
  if (event.success) return event.data
  throw new QuantloopError('internal', `${url} told what this version does not understand: ${z.prettifyError(event.error)}`, { url })
}
