import type { WebSocketServerLike } from '@hono/node-server'
import { WebSocketServer } from 'ws'

/** Followers have nothing to say: a message that is larger than this ends their connection. */
const maxPayloadBytes = 1024

type SocketServer = WebSocketServerLike & Pick<WebSocketServer, 'clients'>

/** What `serve` needs to let followers in. The app decides about each of them before its connection is upgraded. */
export const createSocketServer = () =>
  // the two packages' types agree on all that is used, and differ in `send`
  new WebSocketServer({ noServer: true, maxPayload: maxPayloadBytes, perMessageDeflate: false }) as unknown as SocketServer
