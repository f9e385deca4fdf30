import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { identityOf, isRunning, type ProcessIdentity } from '#stack/process-identity.ts'

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url))
const project = fileURLToPath(new URL('../../', import.meta.url))

/** A program of fixtures/ that runs by itself, and the first line that it said. */
export type Program = { child: ChildProcess; said: string; identity: ProcessIdentity }

export async function startProgram(name: string, ...args: string[]): Promise<Program> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(fixtures, name), ...args], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const identity = identityOf(child.pid!)!
  const said = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it said anything`)))
  })
  return { child, said, identity }
}

/** Open to other accounts, unless `closed`: then PostgreSQL, which does not run as root, cannot reach it. */
export async function temporaryFolder(options: { closed?: true } = {}): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'quantloop-stack-'))
  if (!options.closed) await chmod(path, 0o755)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Asks until the answer is there; the test's own time-out is the limit. */
export async function eventually<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await delay(20)
  }
}

export async function killed(identity: ProcessIdentity): Promise<void> {
  process.kill(identity.pid, 'SIGKILL')
  await eventually(() => (isRunning(identity) ? undefined : true))
}
