import { join } from 'node:path'
import { type ProcessRecord, readStackFile, type StackFile, writeStackFile } from '#config/stack-file.ts'
import { KeptProcess } from './kept-process.ts'
import { takeLock } from './lock.ts'
import type { Command, ManagedProcess } from './managed-process.ts'
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts'
import { runJob } from './run-job.ts'
import { type Farewells, stopAll, stopProcess } from './stop-process.ts'

/**
 * Keeps processes running and `stack.json` true. They do not need it to go on: killed itself, its successor adopts what
 * still runs by pid and start time, once its check succeeds, and replaces what does not.
 */
export class Supervisor {
  readonly stateDir: string
  readonly file: StackFile
  private readonly kept = new Map<string, KeptProcess>()
  /** what a predecessor left */
  private readonly left: Readonly<Record<string, ProcessRecord>>
  private readonly stopSignal = new AbortController()
  private readonly onChange: (name: string, record: ProcessRecord) => void
  private readonly release: () => void
  private stopping: Promise<void> | undefined

  /** @throws QuantloopError conflict: another supervisor is at work here */
  constructor(stateDir: string, onChange: (name: string, record: ProcessRecord) => void = () => {}) {
    this.release = takeLock(stateDir)
    this.stateDir = stateDir
    this.onChange = onChange
    const empty: StackFile = { version: 1, supervisor: null, failure: null, settings: {}, ports: {}, secrets: {}, processes: {} }
    this.file = readStackFile(stateDir) ?? empty
    this.file.supervisor = { ...identityOf(process.pid)!, up: false }
    this.file.failure = null
    this.left = { ...this.file.processes }
    this.file.processes = Object.fromEntries(Object.entries(this.left).map(([name, record]) => [name, { ...record, state: 'starting' }]))
    this.save()
  }

  /** What a predecessor left running under this name. */
  survivor(name: string): ProcessIdentity | undefined {
    const record = this.left[name]
    return record && livingIdentity(record)
  }

  /** Says what will be kept, before any of it starts, and ends what a predecessor kept beside that. */
  async announce(definitions: ManagedProcess[]): Promise<void> {
    const wanted = new Set(definitions.map(({ name }) => name))
    const unwanted = Object.fromEntries(Object.entries(this.left).filter(([name]) => !wanted.has(name)))
    await stopAll(recordedFarewells(unwanted))
    this.file.processes = {}
    for (const definition of definitions) {
      const process = new KeptProcess(definition, this.logFile(definition.name), () => this.changed(process))
      process.identity = this.survivor(definition.name)
      this.kept.set(definition.name, process)
    }
    this.save()
  }

  /** Starts or adopts an announced process. Resolves when it works; from then on it is started again whenever it dies. */
  async keep(name: string): Promise<void> {
    const process = this.kept.get(name)!
    let survivor = this.survivor(name)
    if (survivor && this.left[name]!.fingerprint !== process.definition.fingerprint) {
      await stopProcess(survivor, process.definition.farewell)
      survivor = undefined
    }
    await process.start(survivor)
  }

  /** Runs a program to its end. */
  run(name: string, command: Command): Promise<void> {
    return runJob(name, command, this.logFile(name), this.stopSignal.signal)
  }

  hasFailed(reason: string): void {
    this.file.failure = reason
  }

  isUp(): void {
    this.file.supervisor!.up = true
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

  private changed(process: KeptProcess): void {
    this.save()
    this.onChange(process.definition.name, recordOf(process))
  }

  private async stopEverything(): Promise<void> {
    this.stopSignal.abort()
    for (const process of this.kept.values()) process.release()
    const farewells: Farewells[] = [...this.kept.values()].flatMap(({ identity, definition: { name, after, farewell } }) =>
      identity ? [{ name, after, identity, farewell }] : [],
    )
    await stopAll(farewells)
    for (const process of this.kept.values()) await process.ended()
    this.file.supervisor = null
    this.save()
    this.release()
  }
}

/** How to end what a stack file says is running, as far as it still is. */
export function recordedFarewells(processes: Record<string, ProcessRecord>): Farewells[] {
  return Object.entries(processes).flatMap(([name, record]) => {
    const identity = livingIdentity(record)
    return identity ? [{ name, after: record.after, identity, farewell: record.farewell }] : []
  })
}

export function livingIdentity({ pid, startedAt }: ProcessRecord): ProcessIdentity | undefined {
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
    fingerprint: definition.fingerprint,
    trouble: state === 'ready' ? null : (trouble ?? null),
  }
}
