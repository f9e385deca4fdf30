/** A whole quantloop in a folder of its own, started and spoken to as a person would: by its command and its API. */
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Config } from '#config/config.ts'
import { loadConfig } from '#config/load.ts'
import type { Recipe, TrainingRun } from '#contracts/training.ts'
import type { StackStatus } from '#stack/status.ts'
import { checkInvariants, type Violation } from '../faults/checker.ts'
import { openWorkflows } from '../faults/open-workflows.ts'
import { testServices } from '../support/services.ts'

const program = fileURLToPath(new URL('../../bin/quantloop.mjs', import.meta.url))

export type Finished = { code: number; stdout: string; stderr: string }

export class System {
  readonly project: string
  readonly env: NodeJS.ProcessEnv

  private constructor(project: string, python: string) {
    this.project = project
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('QUANTLOOP_'))
    this.env = { ...Object.fromEntries(inherited), QUANTLOOP_PYTHON: python, NO_COLOR: '1' }
  }

  /** An empty project: nothing runs yet. `python` is the interpreter with the servers and the trainer's packages. */
  static async create(python = testServices().python): Promise<System> {
    const project = await mkdtemp(join(tmpdir(), 'quantloop-e2e-'))
    await chmod(project, 0o755)
    await writeFile(join(project, 'quantloop.yaml'), '')
    return new System(project, python)
  }

  async run(...args: string[]): Promise<Finished> {
    return new Promise((resolve) => {
      execFile(process.execPath, [program, ...args], { cwd: this.project, env: this.env, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
      )
    })
  }

  /** Runs a command that must succeed. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args)
    if (code !== 0) throw new Error(`quantloop ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
    return stdout
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.must(...args, '--json')) as T
  }

  get config(): Config {
    return loadConfig({ cwd: this.project, env: this.env })
  }

  /** Asks the API; answers that are no success throw with what the API said. */
  async api<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown, key?: string): Promise<T> {
    const { api, apiKey } = this.config
    const response = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key ?? apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }

  train(name: string, { featureSet, ...recipe }: Recipe): Promise<TrainingRun> {
    return this.api('POST', '/training-runs', { name, features: featureSet, ...recipe })
  }

  findRun(id: string): Promise<TrainingRun> {
    return this.api('GET', `/training-runs/${id}`)
  }

  /** Number of the newest progress point; 0 before the first. */
  async newestStep(id: string): Promise<number> {
    type Points = { items: { step: number }[]; nextCursor: string | null }
    let newest = 0
    for (;;) {
      const { items }: Points = await this.api('GET', `/training-runs/${id}/progress?limit=200${newest === 0 ? '' : `&after=${newest}`}`)
      newest = items.at(-1)?.step ?? newest
      if (items.length < 200) return newest
    }
  }

  /** The operating system's processes, as `quantloop status` tells them. */
  status(): Promise<StackStatus> {
    return this.json('status')
  }

  async temporal(...args: string[]): Promise<string> {
    const { address, namespace } = this.config.temporal
    const executable = join(dirname(this.config.trainer.python), 'temporal')
    return new Promise((resolve, reject) => {
      execFile(executable, [...args, '--address', address, '--namespace', namespace], { env: this.env }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`temporal ${args.join(' ')}: ${stderr}`)),
      )
    })
  }

  /** What an outsider finds wrong in the database, by SQL of its own. */
  async violations(): Promise<Violation[]> {
    const { database, temporal } = this.config
    return checkInvariants(database.url, await openWorkflows(temporal))
  }

  async remove(): Promise<void> {
    await this.run('down')
    await rm(this.project, { recursive: true, force: true })
  }
}

/**
 * Waits for a state of the world that must come. A request that fails meanwhile (a process was killed) is asked again;
 * the test's own time-out is the bound.
 */
export async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read().catch(() => undefined)
    if (value !== undefined && holds(value)) return value
    await sleep(200)
  }
}
