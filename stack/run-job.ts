import { QuantloopError } from '#contracts/errors.ts'
import { launch, logTail } from './launch.ts'
import type { Command } from './managed-process.ts'
import { stopProcess } from './stop-process.ts'

/** Runs a program to its end. @throws QuantloopError unavailable, with the end of its log; also when `signal` ended it */
export async function runJob(name: string, command: Command, logFile: string, signal: AbortSignal): Promise<void> {
  const { child, identity } = await launch(command, logFile)
  const stop = () => void stopProcess(identity, { signal: 'SIGTERM', graceMs: 5_000 })
  signal.addEventListener('abort', stop)
  try {
    const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)))
    if (code !== 0) throw new QuantloopError('unavailable', `${name} failed:\n${logTail(logFile)}`, { process: name, log: logFile })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
