import { setTimeout as delay } from 'node:timers/promises'
import type { ProcessState } from '#config/stack-file.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { launch, logTail } from './launch.ts'
import type { ManagedProcess } from './managed-process.ts'
import { isRunning, type ProcessIdentity } from './process-identity.ts'
import { endGroup, stopProcess } from './stop-process.ts'

const pollMs = 100
/** After so long without a death, the next one counts as the first. */
const healthyAfterMs = 20_000
const startAttempts = 3
const adoptWithinMs = 15_000

/** 0.1, 0.2, 0.4 … 10 seconds */
export const backOffMs = (failures: number) => Math.min(100 * 2 ** (failures - 1), 10_000)

/** Keeps one process running: starts or adopts it, waits until it works, and starts it again when it dies. */
export class KeptProcess {
  readonly definition: ManagedProcess
  identity: ProcessIdentity | undefined
  state: ProcessState = 'stopped'
  restarts = 0
  trouble: string | undefined
  private readonly logFile: string
  private readonly changed: () => void
  private readonly ending = new AbortController()
  private running: Promise<void> = Promise.resolve()

  constructor(definition: ManagedProcess, logFile: string, changed: () => void) {
    this.definition = definition
    this.logFile = logFile
    this.changed = changed
  }

  /**
   * Resolves when the process works for the first time; it is then kept until `release`.
   * @throws QuantloopError unavailable: it did not come up in three attempts (with the end of its log), or was released before
   */
  start(adopt?: ProcessIdentity): Promise<void> {
    return new Promise((resolve, reject) => {
      this.running = this.keep(adopt, resolve).catch(reject)
    })
  }

  /** Starts it no more. What runs goes on, until someone stops it. */
  release(): void {
    this.ending.abort()
  }

  /** After `release`: resolves when the process is gone and nothing will start it again. */
  async ended(): Promise<void> {
    await this.running
    this.identity = undefined
    this.become('stopped')
  }

  private async keep(adopt: ProcessIdentity | undefined, works: () => void): Promise<void> {
    let hasWorked = false
    let failures = 0
    this.identity = adopt
    while (!this.ending.signal.aborted) {
      this.become('starting')
      const since = await this.comesUp(adopt !== undefined && this.identity === adopt ? adoptWithinMs : this.definition.readyWithinMs)
      if (since !== undefined) {
        hasWorked = true
        this.trouble = undefined
        this.become('ready')
        works()
        await this.dies()
      } else if (this.identity && !this.ending.signal.aborted) await stopProcess(this.identity, this.definition.farewell)
      if (this.ending.signal.aborted) break
      if (this.identity) endGroup(this.identity)
      this.identity = undefined
      failures = since !== undefined && performance.now() - since > healthyAfterMs ? 1 : failures + 1
      if (!hasWorked && failures >= startAttempts) throw this.didNotStart()
      this.restarts++
      this.become('restarting')
      await delay(backOffMs(failures), undefined, { signal: this.ending.signal }).catch(() => {})
    }
    await this.dies()
    if (!hasWorked) throw new QuantloopError('unavailable', `${this.definition.name} was stopped before it was ready`)
  }

  /** Starts it unless it was adopted, and waits until it works; answers when that was, or undefined if it does not. */
  private async comesUp(withinMs: number): Promise<number | undefined> {
    try {
      if (!this.identity) {
        await this.definition.prepare?.()
        if (this.ending.signal.aborted) return undefined
        const { child, identity } = await launch(this.definition.command(), this.logFile)
        child.once('exit', (code, signal) => (this.trouble = signal ? `killed by ${signal}` : `ended with code ${code}`))
        this.identity = identity
        this.changed()
      }
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
      return undefined
    }
    const deadline = performance.now() + withinMs
    while (!this.ending.signal.aborted && isRunning(this.identity)) {
      const fault = await this.definition.ready(this.identity).then(() => undefined, String)
      // a server that answers on the port but is not this process does not count
      if (fault === undefined && isRunning(this.identity)) return performance.now()
      if (performance.now() > deadline) {
        this.trouble = `not ready after ${withinMs / 1000} s: ${fault}`
        return undefined
      }
      await delay(pollMs)
    }
    return undefined
  }

  private async dies(): Promise<void> {
    while (this.identity && isRunning(this.identity)) await delay(pollMs)
  }

  private become(state: ProcessState): void {
    this.state = state
    this.changed()
  }

  private didNotStart(): QuantloopError {
    const { name } = this.definition
    this.become('stopped')
    const tail = logTail(this.logFile)
    return new QuantloopError('unavailable', `${name} did not start: ${this.trouble}${tail ? `\n${tail}` : ''}`, {
      process: name,
      log: this.logFile,
    })
  }
}
