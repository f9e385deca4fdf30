import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { loadConfig } from '#config/load.ts'
import { readStackFile, type StackFile } from '#config/stack-file.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { launch, logTail } from './launch.ts'
import { alreadyUp, lockHolder } from './lock.ts'
import { isRunning, type ProcessIdentity } from './process-identity.ts'

const program = fileURLToPath(new URL('../bin/quantloop.mjs', import.meta.url))
const pollMs = 100

/** Starts a supervisor that outlives this process. @throws QuantloopError conflict: one is at work already */
export async function startSupervisor(place: { cwd: string; env: NodeJS.ProcessEnv }): Promise<ProcessIdentity> {
  const { stateDir, project } = loadConfig(place)
  if (lockHolder(stateDir)) throw alreadyUp(stateDir)
  const env = Object.fromEntries(Object.entries(place.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const { identity } = await launch(
    { file: process.execPath, args: [program, 'supervise-stack'], env, cwd: project },
    supervisorLog(stateDir),
  )
  return identity
}

export const supervisorLog = (stateDir: string) => join(stateDir, 'logs', 'supervisor.log')

/**
 * Follows a start-up by the stack file until everything is up.
 * @throws QuantloopError unavailable, with the reason: the supervisor gave up
 */
export async function followStartUp(
  stateDir: string,
  supervisor: ProcessIdentity,
  options: { onState?: (file: StackFile) => void; signal?: AbortSignal } = {},
): Promise<StackFile> {
  let hasBegun = false
  while (!options.signal?.aborted) {
    const alive = isRunning(supervisor)
    const file = readStackFile(stateDir)
    const isIts = file?.supervisor?.pid === supervisor.pid
    if (isIts) options.onState?.(file)
    if (isIts && file.supervisor?.up) return file
    if (!alive || (hasBegun && !isIts)) break
    hasBegun ||= isIts
    await delay(pollMs)
  }
  const log = supervisorLog(stateDir)
  // one that could not even write the file has written its log
  const reason = readStackFile(stateDir)?.failure ?? logTail(log)
  throw new QuantloopError('unavailable', `the stack did not come up: ${reason}`, { log })
}
