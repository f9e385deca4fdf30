import { readStackFile, writeStackFile } from '#config/stack-file.ts'
import { lockHolder, takeLock } from './lock.ts'
import { stopAll, stopProcess } from './stop-process.ts'
import { recordedFarewells } from './supervisor.ts'

/** As long as the slowest chain of processes may take to end by itself. */
const supervisorGraceMs = 120_000

/** Stops the supervisor and everything that it or a killed predecessor left running. Answers the names of what ran. */
export async function takeDown(stateDir: string, onStopped: (name: string) => void = () => {}): Promise<string[]> {
  const before = Object.keys(running(stateDir))
  const supervisor = lockHolder(stateDir)
  if (supervisor) await stopProcess(supervisor, { signal: 'SIGTERM', graceMs: supervisorGraceMs })
  const file = readStackFile(stateDir)
  if (!file) return []
  const release = takeLock(stateDir)
  try {
    await stopAll(recordedFarewells(file.processes), onStopped)
    for (const record of Object.values(file.processes)) Object.assign(record, { state: 'stopped', pid: null, startedAt: null })
    writeStackFile(stateDir, { ...file, supervisor: null })
  } finally {
    release()
  }
  return before
}

function running(stateDir: string): Record<string, number> {
  const file = readStackFile(stateDir)
  return Object.fromEntries(recordedFarewells(file?.processes ?? {}).map(({ name, identity }) => [name, identity.pid]))
}
