/**
 * One supervisor for one state folder. The kernel holds the lock on an open file, so it is free the instant its holder
 * dies, also by a kill, and is never taken from a living one. Children do not inherit it. The file's content only tells
 * others who holds it.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { QuantloopError } from '#contracts/errors.ts'
import { identityOf, isRunning, ProcessIdentity } from './process-identity.ts'

const lockFile = (stateDir: string) => join(stateDir, 'supervisor.lock')

/** Answers the way to give it back. @throws QuantloopError conflict: another supervisor holds it */
export function takeLock(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true })
  const file = openSync(lockFile(stateDir), 'a+', 0o644)
  if (!tryLock(file)) {
    closeSync(file)
    throw alreadyUp(stateDir)
  }
  const own = JSON.stringify(identityOf(process.pid))
  ftruncateSync(file)
  writeSync(file, own)
  return () => {
    ftruncateSync(file)
    closeSync(file)
  }
}

/** The supervisor that runs on this state folder. */
export function lockHolder(stateDir: string): ProcessIdentity | undefined {
  let content: string
  try {
    content = readFileSync(lockFile(stateDir), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  // empty once it was given back, and for the moment in which it is taken
  const holder = content === '' ? undefined : ProcessIdentity.parse(JSON.parse(content))
  return holder && isRunning(holder) ? holder : undefined
}

export function alreadyUp(stateDir: string): QuantloopError {
  const holder = lockHolder(stateDir)
  return new QuantloopError(
    'conflict',
    `the stack is already up: ${holder ? `supervisor ${holder.pid}` : 'another supervisor'} holds ${stateDir}; see \`quantloop status\`, or end it with \`quantloop down\``,
    { stateDir, ...(holder ? { pid: holder.pid } : {}) },
  )
}
