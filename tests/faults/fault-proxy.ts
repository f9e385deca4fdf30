/**
 * A TCP proxy that stands between a client and a real server and can take the network away: cut every connection and
 * refuse new ones, or go silent with the connections open.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type FaultProxy = {
  port: number
  /** connections open now */
  connections(): number
  /** resets every connection and refuses new ones until `restore` */
  cut(): void
  /** keeps connections open and takes new ones, and passes nothing on until `restore` */
  silence(): void
  restore(): void
  close(): Promise<void>
}

export async function startFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let mode: 'open' | 'cut' | 'silent' = 'open'

  const server = createServer((client) => {
    if (mode === 'cut') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(target)
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    for (const [from, to] of [pair, pair.toReversed() as [Socket, Socket]]) {
      from.pipe(to)
      from.on('error', () => to.resetAndDestroy())
      from.on('close', () => {
        pairs.delete(pair)
        to.end()
      })
      if (mode === 'silent') from.unpipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    connections: () => pairs.size,
    cut() {
      mode = 'cut'
      for (const socket of [...pairs].flat()) socket.resetAndDestroy()
    },
    silence() {
      mode = 'silent'
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream)
        upstream.unpipe(client)
      }
    },
    restore() {
      if (mode === 'silent')
        for (const [client, upstream] of pairs) {
          client.pipe(upstream)
          upstream.pipe(client)
        }
      mode = 'open'
    },
    async close() {
      for (const socket of [...pairs].flat()) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
