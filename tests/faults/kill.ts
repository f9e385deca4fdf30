/** Kills real processes, and proves it: what is killed is the process that was meant, and afterwards it is gone. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identityOf, isRunning, type ProcessIdentity } from '#stack/process-identity.ts'

export type Killed = ProcessIdentity & { command: string; goneAfterMs: number }

/**
 * SIGKILL to exactly this process. Answers once the operating system no longer knows it.
 * @throws when the pid is free or belongs to another process by now, or its command line does not match `expected`
 */
export async function killProcess(identity: ProcessIdentity, expected: RegExp): Promise<Killed> {
  const command = listProcesses().find(({ pid }) => pid === identity.pid)?.command ?? ''
  if (!isRunning(identity)) throw new Error(`pid ${identity.pid} started at ${identity.startedAt} does not run: nothing was killed`)
  if (!expected.test(command)) throw new Error(`pid ${identity.pid} runs \`${command}\`, not ${expected}: nothing was killed`)
  const started = performance.now()
  process.kill(identity.pid, 'SIGKILL')
  while (isRunning(identity)) await delay(5)
  return { ...identity, command, goneAfterMs: performance.now() - started }
}

/** The running processes below this one, nearest first, whose command line matches. */
export function descendantsOf(identity: ProcessIdentity, matching = /./): ProcessIdentity[] {
  const processes = listProcesses()
  const found: ProcessIdentity[] = []
  const waiting = [identity.pid]
  for (let parent = waiting.shift(); parent !== undefined; parent = waiting.shift())
    for (const { pid, ppid, command } of processes) {
      if (ppid !== parent) continue
      waiting.push(pid)
      const child = matching.test(command) ? identityOf(pid) : undefined
      if (child) found.push(child)
    }
  return found
}

type Listed = { pid: number; ppid: number; command: string }

/** Slim Linux images have no `ps`. */
const listProcesses = (): Listed[] => (process.platform === 'linux' ? listOnLinux() : listByPs())

function listOnLinux(): Listed[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return [{ pid: Number(name), ppid: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), command }]
    } catch {
      return [] // it ended while the list was read
    }
  })
}

function listByPs(): Listed[] {
  const listing = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return listing.split('\n').flatMap((line) => {
    const [, pid, ppid, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return command === undefined ? [] : [{ pid: Number(pid), ppid: Number(ppid), command }]
  })
}
