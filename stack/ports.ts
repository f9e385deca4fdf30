import { createServer } from 'node:net'

export const loopback = '127.0.0.1'

/** Below the range from which systems take the ports of outgoing connections, so that a restart finds its port free. */
const lowest = 12_000
const highest = 21_999

const attempts = 400

/**
 * A port of the loopback that nothing listens on. With `preferred`, the first free one from there on; otherwise a
 * random one, so that stacks which start at the same moment rarely meet. `alsoFree` names offsets that must be free too.
 */
export async function freePort(options: { preferred?: number; alsoFree?: number[]; taken?: ReadonlySet<number> } = {}): Promise<number> {
  const { preferred, alsoFree = [], taken } = options
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = preferred === undefined ? lowest + Math.floor(Math.random() * (highest - lowest)) : preferred + attempt
    if (taken?.has(port)) continue
    if (await areFree(port, alsoFree)) return port
  }
  throw new Error(`no free port on ${loopback} after ${attempts} attempts${preferred === undefined ? '' : ` from ${preferred} on`}`)
}

/** Whether a port is free, and those at the offsets from it. */
export async function areFree(port: number, offsets: number[] = []): Promise<boolean> {
  return (await Promise.all([0, ...offsets].map((offset) => isFree(port + offset)))).every(Boolean)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: loopback, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
