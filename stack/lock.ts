/**
 * One supervisor for one state folder, also when the last one was killed. The holder is the newest generation of
 * `supervisor.lock.N`; a dead holder is succeeded by making generation N + 1, which only one of several contenders can
 * (a hard link is made or is not). The newest file is never removed, so a generation is never given twice.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'
import { identityOf, isRunning, ProcessIdentity } from './process-identity.ts'

const prefix = 'supervisor.lock.'
/** Older generations that stay, so that whoever lists the folder meanwhile still sees one of them. */
const kept = 3

/** Answers the way to give it back. @throws QuantloopError conflict: a living supervisor holds it */
export function takeLock(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true })
  const own = join(stateDir, `lock.${randomBytes(8).toString('hex')}`)
  writeFileSync(own, JSON.stringify(identityOf(process.pid)))
  try {
    for (;;) {
      const newest = newestGeneration(stateDir)
      const holder = newest === 0 ? undefined : holderOf(stateDir, newest)
      if (holder && isRunning(holder))
        throw new QuantloopError(
          'conflict',
          `the stack is already up: supervisor ${holder.pid} holds ${stateDir}; see \`quantloop status\`, or end it with \`quantloop down\``,
          { pid: holder.pid, stateDir },
        )
      if (!linked(own, join(stateDir, `${prefix}${newest + 1}`))) continue
      for (const old of generations(stateDir)) if (old <= newest + 1 - kept) rmSync(join(stateDir, `${prefix}${old}`), { force: true })
      return () => writeFileSync(join(stateDir, `${prefix}${newest + 1}`), 'null')
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** The supervisor that runs on this state folder. */
export function lockHolder(stateDir: string): ProcessIdentity | undefined {
  const newest = newestGeneration(stateDir)
  const holder = newest === 0 ? undefined : holderOf(stateDir, newest)
  return holder && isRunning(holder) ? holder : undefined
}

function generations(stateDir: string): number[] {
  try {
    return readdirSync(stateDir)
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const newestGeneration = (stateDir: string) => Math.max(0, ...generations(stateDir))

/** Undefined when it was given back, or when the file went away meanwhile: a newer generation then exists. */
function holderOf(stateDir: string, generation: number): ProcessIdentity | undefined {
  try {
    return ProcessIdentity.nullable().parse(JSON.parse(readFileSync(join(stateDir, `${prefix}${generation}`), 'utf8'))) ?? undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
