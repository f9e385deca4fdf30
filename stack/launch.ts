import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'
import type { Command } from './managed-process.ts'
import { identityOf, type ProcessIdentity } from './process-identity.ts'

const rotateAtBytes = 32 * 1024 * 1024

/**
 * Starts a program in a session of its own with its output in a file: it outlives whoever started it, and a Ctrl-C in
 * the terminal does not reach it.
 *
 * @throws QuantloopError unavailable: the program could not be started
 */
export async function launch(command: Command, logFile: string): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const log = openLog(logFile)
  try {
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      stdio: ['ignore', log, log],
      ...command.account,
    })
    const identity = child.pid === undefined ? undefined : identityOf(child.pid)
    if (child.pid === undefined) await new Promise((_, reject) => child.once('error', reject))
    child.on('error', () => {})
    child.unref()
    // one that ended at once has no start time any more; its pid is still ours until we reap it
    return { child, identity: identity ?? { pid: child.pid!, startedAt: 'ended' } }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new QuantloopError('unavailable', `cannot start ${command.file}: ${reason}`, { file: command.file }, { cause: error })
  } finally {
    closeSync(log)
  }
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  if (existsSync(file) && statSync(file).size > rotateAtBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o640)
}

/** The last lines that a process wrote: what a person needs to see when it did not start. */
export function logTail(file: string, lines = 8): string {
  if (!existsSync(file)) return ''
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}
