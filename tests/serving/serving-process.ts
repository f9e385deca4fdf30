import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Config } from '#config/config.ts'
import { identityOf } from '#stack/process-identity.ts'
import { killProcess } from '#tests/faults/kill.ts'

export type ServingProcess = {
  replicaId: string
  url: string
  kill(): Promise<void>
  /** it is there, and does nothing any more: SIGSTOP */
  freeze(): void
  /** SIGTERM; answers the exit code */
  stop(): Promise<number | null>
  post(path: string, key: string, body: unknown): Promise<Response>
}

const program = fileURLToPath(new URL('./serve.ts', import.meta.url))

export const servingConfig = (given: { databaseUrl: string; objectStore: Config['objectStore']; stateDir: string }): Config => ({
  project: given.stateDir,
  stateDir: given.stateDir,
  database: { url: given.databaseUrl, trainerUrl: given.databaseUrl },
  objectStore: given.objectStore,
  temporal: { address: '127.0.0.1:1', namespace: 'none' },
  api: { host: '127.0.0.1', port: 0, url: 'http://127.0.0.1:1' },
  serving: { host: '127.0.0.1', port: 0, url: 'http://127.0.0.1:1', replicas: 1 },
  features: { threads: 1 },
  trainer: { python: 'python' },
  log: { level: 'info' },
})

/** A real process, up when it says so; what it logs goes to this one's standard error when it dies early. */
export async function startServing(config: Config): Promise<ServingProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: { ...process.env, SERVING_CONFIG: JSON.stringify(config) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { replicaId, port } = await upLine(child)
  const identity = identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error('the serving process is not there')
  const exited = once(child, 'exit') as Promise<[number | null]>
  return {
    replicaId,
    url: `http://127.0.0.1:${port}`,
    kill: async () => void (await killProcess(identity, /serve\.ts/)),
    freeze: () => void child.kill('SIGSTOP'),
    stop: async () => {
      child.kill('SIGTERM')
      return (await exited)[0]
    },
    post: (path, key, body) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  }
}

async function upLine(child: ChildProcess): Promise<{ replicaId: string; port: number }> {
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line)
    if (!line.includes('serving is up')) continue
    child.stdout!.resume()
    return JSON.parse(line) as { replicaId: string; port: number }
  }
  throw new Error(`the serving process ended before it was up:\n${lines.join('\n')}`)
}
