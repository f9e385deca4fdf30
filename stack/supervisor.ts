import { join } from 'node:path'
import { type ProcessRecord, readStackFile, type StackFile, writeStackFile } from '#config/stack-file.ts'
import { KeptProcess } from './kept-process.ts'
import { takeLock } from './lock.ts'
import type { ManagedProcess } from './managed-process.ts'
import { isRunning, type ProcessIdentity } from './process-identity.ts'
import { type Farewells, stopAll } from './stop-process.ts'

/**
 * Keeps processes running and `stack.json` true. They do not need it to go on: killed itself, its successor adopts what
 * still runs by pid and start time, once its check succeeds, and replaces what does not.
 */
export class Supervisor {
  readonly stateDir: string
  readonly file: StackFile
  private readonly kept = new Map<string, KeptProcess>()
  private readonly left: Record<string, ProcessRecord>
  private stopping: Promise<void> | undefined

  /** @throws QuantloopError conflict: another supervisor is at work here */
  constructor(stateDir: string) {
    takeLock(stateDir)
    this.stateDir = stateDir
    this.file = readStackFile(stateDir) ?? { version: 1, settings: {}, ports: {}, secrets: {}, processes: {} }
    this.left = { ...this.file.processes }
  }

  /** What a predecessor left running under this name. */
  survivor(name: string): ProcessIdentity | undefined {
    const record = this.left[name]
    return record && livingIdentity(record)
  }

  /** Starts or adopts a process. Resolves when it works; from then on it is started again whenever it dies. */
  async keep(definition: ManagedProcess): Promise<void> {
    if (this.stopping) return
    const { name } = definition
    const process = new KeptProcess(definition, this.logFile(name), () => this.save())
    this.kept.set(name, process)
    await process.start(this.survivor(name))
  }

  /** Ends what a predecessor left running and nobody keeps any more. */
  async endSurvivors(stillWanted: ReadonlySet<string>): Promise<void> {
    const unwanted = Object.fromEntries(Object.entries(this.left).filter(([name]) => !stillWanted.has(name)))
    await stopAll(recordedFarewells(unwanted))
    for (const name of Object.keys(unwanted)) delete this.file.processes[name]
    this.save()
  }

  /** Stops everything, each process after those that need it. */
  stop(): Promise<void> {
    this.stopping ??= this.stopEverything()
    return this.stopping
  }

  logFile(name: string): string {
    return join(this.stateDir, 'logs', `${name}.log`)
  }

  save(): void {
    for (const [name, process] of this.kept) this.file.processes[name] = recordOf(process)
    writeStackFile(this.stateDir, this.file)
  }

  private async stopEverything(): Promise<void> {
    for (const process of this.kept.values()) process.release()
    const farewells: Farewells[] = [...this.kept.values()].flatMap(({ identity, definition: { name, after, farewell } }) =>
      identity ? [{ name, after, identity, farewell }] : [],
    )
    await stopAll(farewells)
    for (const process of this.kept.values()) await process.ended()
    this.save()
  }
}

export function recordedFarewells(processes: Record<string, ProcessRecord>): Farewells[] {
  return Object.entries(processes).flatMap(([name, record]) => {
    const identity = livingIdentity(record)
    return identity ? [{ name, after: record.after, identity, farewell: record.farewell }] : []
  })
}

function livingIdentity({ pid, startedAt }: ProcessRecord): ProcessIdentity | undefined {
  if (pid === null || startedAt === null) return undefined
  return isRunning({ pid, startedAt }) ? { pid, startedAt } : undefined
}

function recordOf({ definition, identity, state, restarts, trouble }: KeptProcess): ProcessRecord {
  return {
    state,
    pid: identity?.pid ?? null,
    startedAt: identity?.startedAt ?? null,
    url: definition.url ?? null,
    restarts,
    after: definition.after,
    farewell: definition.farewell,
    trouble: state === 'ready' ? null : (trouble ?? null),
  }
}
