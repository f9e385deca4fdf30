import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { vi } from 'vitest'
import { createSocketServer } from '#api/live/socket-server.ts'
import { main } from '#cli/main.ts'
import { runOrchestration } from '#tests/api/worker.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { apiWorld, furnish } from '#tests/api/world.ts'

export type Ran = { code: number; out: string; err: string; json: () => any }

/** The command line as a person runs it, but in this process: what it printed, and how it would have ended. */
export async function quantloop(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const text = { out: '', err: '' }
  const capture = (to: 'out' | 'err') => (chunk: unknown) => {
    text[to] += String(chunk)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(capture('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(capture('err')),
  ]
  const before = { ...process.env }
  const exitCode = process.exitCode
  process.exitCode = undefined
  Object.assign(process.env, env)
  try {
    await main(['node', 'quantloop', ...args])
    return { code: exitCodeNow(), ...text, json: () => JSON.parse(text.out) }
  } finally {
    process.exitCode = exitCode
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
    for (const spy of spies) spy.mockRestore()
  }
}

/** Read through a function, for the compiler believes that nothing sets it in between. */
const exitCodeNow = () => Number(process.exitCode ?? 0)

/** The real app on a port of its own, with a worker behind it, and a folder for files. */
export async function cliWorld() {
  quietRuntime()
  const world = await apiWorld()
  await furnish(world)
  const endWorker = await runOrchestration(world)
  const sockets = createSocketServer()
  const server = serve({ fetch: world.app.fetch, hostname: '127.0.0.1', port: 0, websocket: { server: sockets } })
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-cli-'))
  const as = (key: string) => ({ QUANTLOOP_API_URL: url, QUANTLOOP_API_KEY: key })
  return {
    ...world,
    url,
    folder,
    /** the API's end of every connection that follows something */
    followers: sockets.clients,
    as,
    run: (...args: string[]) => quantloop(as(world.keys.admin), ...args),
    file: async (name: string, text: string) => {
      await writeFile(join(folder, name), text)
      return join(folder, name)
    },
    close: async () => {
      await new Promise((resolve) => server.close(resolve))
      await endWorker()
      await world.close()
      await rm(folder, { recursive: true })
    },
  }
}

export type CliWorld = Awaited<ReturnType<typeof cliWorld>>
