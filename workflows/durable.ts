/**
 * How every durable process behaves: pause, resume, stop, approve and reject, written once.
 *
 * Phases: running → pausing → paused → running; any → stopping → closed. `pausing` answers at once; `paused` means that
 * the interruptible activity has closed and its worker slot is free. Each verb is an update, and a signal of the same
 * name. Cancelling the workflow means stop.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  uuid4,
} from '@temporalio/workflow'
import type { JournalActivities, JournalEntry, RunKind } from '#activities/journal.ts'
import type { Command, RunPhase, RunState } from '#contracts/commands.ts'
import type { ErrorCode } from '#contracts/errors.ts'
import * as messages from './messages/run.ts'
import { atomic } from './proxies.ts'

const journal = proxyActivities<JournalActivities>(atomic)

type Verb = 'pause' | 'resume' | 'stop' | 'approve' | 'reject'
type Via = 'update' | 'signal' | 'temporal'

export type Decision = { verdict: 'approve' | 'reject'; command: Command }

/** Thrown inside the story when the run was told to stop. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

export type Chapters<T> = {
  /** Writes the run's first row. Whatever arrives meanwhile is recorded after it. */
  open: () => Promise<unknown>
  story: () => Promise<T>
  /** Writes that the run was stopped, and by whom. */
  stopped: (by: string) => Promise<T>
  /** Writes that the run failed. The workflow then fails with the same error. */
  failed: (reason: string) => Promise<unknown>
}

const rememberedCommands = 200

export class DurableRun {
  readonly kind: RunKind
  readonly id: string
  private want: 'running' | 'paused' | 'stopped' = 'running'
  private nativelyPaused = false
  private awaitsDecision = false
  private closed = false
  private decision: Decision | undefined
  private stepName = 'start'
  private pausedBy: string | undefined
  private stoppedBy = 'temporal'
  private nudges = 0
  private activeMs = 0
  private pausedMs = 0
  private since = Date.now()
  private wasPaused = false
  private sequence = 0
  private readonly busy = new Set<CancellationScope>()
  private readonly seen: string[] = []
  private written: Promise<unknown> = Promise.resolve()

  constructor(kind: RunKind, id: string) {
    this.kind = kind
    this.id = id
  }

  /** Installs every handler. Call it before the first await. */
  listen(): void {
    const notClosed = (_?: Command) => {
      if (this.closed) throw refuse('run_closed', 'the run has ended')
    }
    const notStopping = (_?: Command) => {
      notClosed()
      if (this.want === 'stopped') throw refuse('run_stopped', 'the run is already stopping')
    }
    setHandler(messages.pause, (command) => this.obey('pause', command, 'update'), { validator: notStopping })
    setHandler(messages.resume, (command) => this.obey('resume', command, 'update'), { validator: notStopping })
    setHandler(messages.stop, (command) => this.obey('stop', command, 'update'), { validator: notClosed })
    setHandler(messages.approve, (command) => this.obey('approve', command, 'update'), { validator: (_: Command) => this.assertDecidable('approve') })
    setHandler(messages.reject, (command) => this.obey('reject', command, 'update'), { validator: (_: Command) => this.assertDecidable('reject') })
    setHandler(messages.pauseSignal, (command) => this.hear('pause', command, notStopping))
    setHandler(messages.resumeSignal, (command) => this.hear('resume', command, notStopping))
    setHandler(messages.stopSignal, (command) => this.hear('stop', command, notClosed))
    setHandler(messages.approveSignal, (command) => this.hear('approve', command, () => this.assertDecidable('approve')))
    setHandler(messages.rejectSignal, (command) => this.hear('reject', command, () => this.assertDecidable('reject')))
    setHandler(messages.nudge, () => void this.nudges++)
    setHandler(messages.nativePause, ({ paused }) => {
      if (this.want !== 'running' || this.nativelyPaused === paused) return
      this.nativelyPaused = paused
      this.pausedBy = paused ? 'temporal' : undefined
      this.changed({ commandId: uuid4(), verb: paused ? 'pause' : 'resume', by: 'temporal', via: 'temporal' })
    })
    setHandler(messages.runState, () => this.state())
  }

  state(): RunState {
    const elapsed = Date.now() - this.since
    return {
      phase: this.phase(),
      step: this.stepName,
      ...(this.pausedBy === undefined ? {} : { pausedBy: this.pausedBy }),
      activeMs: this.activeMs + (this.wasPaused ? 0 : elapsed),
      pausedMs: this.pausedMs + (this.wasPaused ? elapsed : 0),
    }
  }

  /** Runs the whole life: first row, story, and an orderly end whatever happens. */
  async live<T>(chapters: Chapters<T>): Promise<T> {
    try {
      const opened = chapters.open()
      this.written = opened
      await opened
      return await chapters.story()
    } catch (error) {
      if (error instanceof Stopped || isCancellation(error)) return await this.closing(() => chapters.stopped(this.stoppedBy), error)
      await this.closing(() => chapters.failed(messageOf(error)), error)
      throw error
    } finally {
      this.closed = true
      await CancellationScope.nonCancellable(() => this.written)
    }
  }

  /** Work that is never interrupted. It begins when the run is not paused; a stop waits for its end. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.ready(name)
    const result = await work()
    if (this.want === 'stopped') throw new Stopped(name)
    return result
  }

  /** Work that a pause cancels and a resume calls again: it must go on from its own checkpoint. */
  async pausable<T>(name: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.ready(name)
      const scope = new CancellationScope()
      this.busy.add(scope)
      try {
        return await scope.run(work)
      } catch (error) {
        // cancelled by us, or its worker died while it was being cancelled
        if (!scope.consideredCancelled || this.rootCancelled()) throw error
      } finally {
        this.busy.delete(scope)
        this.nativelyPaused = false
        this.changed()
      }
    }
  }

  /** Waits until a person or a policy approves or rejects. */
  async approval(name: string): Promise<Decision> {
    await this.ready(name)
    this.awaitsDecision = true
    this.changed()
    try {
      await condition(() => this.decision !== undefined || this.want === 'stopped')
    } finally {
      this.awaitsDecision = false
    }
    await this.ready(name)
    if (this.decision === undefined) throw new Stopped(name)
    return this.decision
  }

  /** Waits for the next nudge, or for `ms` at most: the caller then reads PostgreSQL again. */
  async nudged(name: string, ms: number): Promise<void> {
    await this.ready(name)
    const before = this.nudges
    await condition(() => this.nudges !== before || this.want !== 'running', ms)
    await this.ready(name)
  }

  /** Sleeps in active time: a pause stops the clock. */
  async sleepActive(name: string, ms: number): Promise<void> {
    const until = this.state().activeMs + ms
    while (this.state().activeMs < until) await this.pausable(name, () => sleep(until - this.state().activeMs))
  }

  private phase(): RunPhase {
    if (this.closed) return 'closed'
    if (this.want === 'stopped') return 'stopping'
    if (this.want === 'paused') return this.busy.size > 0 ? 'pausing' : 'paused'
    if (this.nativelyPaused) return 'paused'
    return this.awaitsDecision ? 'awaiting_approval' : 'running'
  }

  private async ready(name: string): Promise<void> {
    if (this.stepName !== name) {
      this.stepName = name
      this.changed()
    }
    await condition(() => this.want !== 'paused')
    if (this.want === 'stopped') throw new Stopped(name)
  }

  private assertDecidable(verdict: Decision['verdict']): void {
    if (this.decision !== undefined && this.decision.verdict !== verdict) throw refuse('already_decided', `the run was already decided: ${this.decision.verdict}`)
    if (this.decision !== undefined) return
    if (this.closed) throw refuse('run_closed', 'the run has ended')
    if (this.want === 'stopped') throw refuse('run_stopped', 'the run is already stopping')
    if (!this.awaitsDecision) throw refuse('nothing_to_decide', `the run waits for no decision: it is at ${this.stepName}`)
  }

  /** A signal has no answer: one that cannot be obeyed is logged and dropped. */
  private hear(verb: Verb, command: messages.SignalledCommand, validate: () => void): void {
    try {
      validate()
    } catch (error) {
      log.warn('signal ignored', { verb, reason: messageOf(error) })
      return
    }
    this.obey(verb, { ...command, commandId: command?.commandId ?? uuid4(), by: command?.by ?? 'temporal' }, 'signal')
  }

  private obey(verb: Verb, command: Command, via: Via): RunState {
    if (this.seen.includes(command.commandId)) return this.state()
    this.seen.push(command.commandId)
    if (this.seen.length > rememberedCommands) this.seen.shift()
    switch (verb) {
      case 'pause':
        this.turn('paused', command.by)
        break
      case 'resume':
        this.turn('running', undefined)
        break
      case 'stop':
        this.stoppedBy = command.by
        this.turn('stopped', undefined)
        break
      case 'approve':
      case 'reject':
        this.decision ??= { verdict: verb, command }
        break
      default:
        verb satisfies never
    }
    this.changed({ ...command, verb, via })
    return this.state()
  }

  private turn(want: DurableRun['want'], by: string | undefined): void {
    // resuming a natively paused activity cancels it, so that it is scheduled anew
    const interrupts = want !== 'running' || this.nativelyPaused
    this.want = want
    this.pausedBy = by
    this.nativelyPaused = false
    if (interrupts) for (const scope of this.busy) scope.cancel()
  }

  /** Moves the clocks, shows the state in the Temporal UI and puts it on the run's row. */
  private changed(command?: JournalEntry['command']): void {
    const now = Date.now()
    if (this.wasPaused) this.pausedMs += now - this.since
    else this.activeMs += now - this.since
    this.since = now
    const phase = this.phase()
    this.wasPaused = phase === 'paused' || phase === 'pausing'
    setCurrentDetails(`**${this.stepName}**: ${phase}${this.pausedBy === undefined ? '' : ` by ${this.pausedBy}`}`)
    upsertSearchAttributes({ PausedBy: this.pausedBy === undefined ? [] : [this.pausedBy] })
    if (phase === 'closed') return
    const entry: JournalEntry = {
      kind: this.kind,
      id: this.id,
      sequence: ++this.sequence,
      phase,
      step: this.stepName,
      pausedBy: this.pausedBy ?? null,
      pausedMs: this.pausedMs,
      ...(command === undefined ? {} : { command }),
    }
    this.written = this.written.then(() => CancellationScope.nonCancellable(() => journal.recordRunState(entry)))
  }

  private rootCancelled(): boolean {
    return CancellationScope.current().consideredCancelled
  }

  private async closing<T>(write: () => Promise<T>, cause: unknown): Promise<T> {
    return await CancellationScope.nonCancellable(async () => {
      if (isCancellation(cause) && this.want !== 'stopped') {
        this.want = 'stopped'
        this.changed({ commandId: uuid4(), verb: 'stop', by: 'temporal', via: 'temporal' })
      }
      await this.written
      return await write()
    })
  }
}

const refuse = (code: ErrorCode, message: string) => ApplicationFailure.nonRetryable(message, code)

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? messageOf(error.cause) : error.message
}
