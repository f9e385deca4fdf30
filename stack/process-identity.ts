import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** A pid alone may be another process by now; a pid and the moment at which it started is one process for ever. */
export const ProcessIdentity = z.strictObject({ pid: z.int().positive(), startedAt: z.string() })
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

/** Undefined when no such process runs; one that has ended and waits to be reaped does not run. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

export const isRunning = (identity: ProcessIdentity) => identityOf(identity.pid)?.startedAt === identity.startedAt

/** The boot's id and the clock ticks since it: the clock of the wall may be set, ticks may not. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the second field is the program's name in parentheses, and may hold spaces and parentheses itself
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, threads, ticks] = [fields[0], Number(fields[17]), fields[19]]
    // its first thread has ended; while others are still ending, its locks and ports are not free
    const hasEnded = (state === 'Z' || state === 'X') && threads <= 1
    if (hasEnded || ticks === undefined) return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`
  } catch {
    return undefined
  }
}

function startByPs(pid: number): string | undefined {
  try {
    const answer = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })
    const [state = 'Z', ...start] = answer.trim().split(/\s+/)
    return state.startsWith('Z') ? undefined : start.join(' ')
  } catch {
    return undefined
  }
}
