import { setTimeout as delay } from 'node:timers/promises'
import type { Farewell } from './managed-process.ts'
import { isRunning, type ProcessIdentity } from './process-identity.ts'

const pollMs = 50

/** Asks, waits, then kills the process and all of its group. Answers how it went; resolves when it is gone. */
export async function stopProcess(identity: ProcessIdentity, farewell: Farewell): Promise<'asked' | 'killed' | 'gone'> {
  if (!isRunning(identity)) return 'gone'
  send(identity.pid, farewell.signal)
  if (await ends(identity, farewell.graceMs)) return 'asked'
  endGroup(identity)
  if (isRunning(identity)) send(identity.pid, 'SIGKILL')
  await ends(identity, Infinity)
  return 'killed'
}

/** Kills what a process that was started in a session of its own left behind in its group. */
export function endGroup(identity: ProcessIdentity): void {
  send(-identity.pid, 'SIGKILL')
}

export type Farewells = { name: string; after: string[]; identity: ProcessIdentity; farewell: Farewell }

/** Stops many: each one as soon as those that need it are gone. */
export async function stopAll(processes: Farewells[], onStopped: (name: string, how: string) => void = () => {}): Promise<void> {
  const ended = new Map<string, Promise<void>>()
  const stop = async (process: Farewells): Promise<void> => {
    const dependents = processes.filter((other) => other.after.includes(process.name))
    await Promise.all(dependents.map(stopOnce))
    onStopped(process.name, await stopProcess(process.identity, process.farewell))
  }
  const stopOnce = (process: Farewells): Promise<void> => {
    const ending = ended.get(process.name) ?? stop(process)
    ended.set(process.name, ending)
    return ending
  }
  await Promise.all(processes.map(stopOnce))
}

async function ends(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (isRunning(identity)) {
    if (performance.now() > deadline) return false
    await delay(pollMs)
  }
  return true
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // macOS answers EPERM for a group whose last member waits to be reaped
    if (code !== 'ESRCH' && !(pid < 0 && code === 'EPERM')) throw error
  }
}
