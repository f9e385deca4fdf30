/**
 * How every durable process behaves: pause, resume, stop, approve and reject, written once.
 *
 * Phases: running → pausing → paused → running; any → stopping → closed. `pausing` answers at once; `paused` means that
 * the interruptible activity has closed and its worker slot is free. Each verb is an update, and a signal of the same
 * name. Cancelling the workflow is the verb stop. A command is accepted only if it will be obeyed: once the last step
 * has begun, the run is closed to all of them.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  setHandler,
  TemporalFailure,
  uuid4,
} from '@temporalio/workflow'
import type { JournalEntry, RunKind } from '#activities/journal.ts'
import type { SignalOrdinal } from '#activities/sender.ts'
import type { Command, RunPhase, RunState } from '#contracts/commands.ts'
import { CommandIntake, type CommandSource, type Verb } from './command-intake.ts'
import { refuse } from './command-shape.ts'
import * as messages from './messages/run.ts'
import { type ClockReading, RunClock } from './run-clock.ts'
import { RunDisplay } from './run-display.ts'
import { RunJournal } from './run-journal.ts'

type RunVerb = 'pause' | 'resume' | 'stop' | 'approve' | 'reject'

/** `signal` is there when it came by a signal that did not say who sent it. */
export type Decision = { verdict: 'approve' | 'reject'; command: Command; signal?: SignalOrdinal | undefined }

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
  private life: 'open' | 'ending' | 'closed' = 'open'
  private nativelyPaused = false
  private awaitsDecision = false
  private decision: Decision | undefined
  private stepName = 'start'
  private pausedBy: string | undefined
  private stoppedBy = 'temporal'
  private nudges = { heard: 0, heeded: 0 }
  private sequence = 0
  private shown = ''
  /** steps under way that finish first */
  private atomicSteps = 0
  /** interruptible work under way */
  private readonly busy = new Set<CancellationScope>()
  private readonly obeyed: string[] = []
  private readonly signals = new Map<string, number>()
  private readonly clock = new RunClock()
  private readonly journal = new RunJournal()

  constructor(kind: RunKind, id: string) {
    this.kind = kind
    this.id = id
  }

  /** Installs every handler. Call it before the first await. */
  listen(): void {
    const updates = {
      pause: messages.pause,
      resume: messages.resume,
      stop: messages.stop,
      approve: messages.approve,
      reject: messages.reject,
    }
    for (const [verb, update] of Object.entries(updates) as [Verb, typeof messages.pause][])
      setHandler(update, (command) => this.obey(verb, command, { via: 'update' }), {
        validator: (command) => this.assertObeyable(verb, command),
      })
    const signals = {
      pause: messages.pauseSignal,
      resume: messages.resumeSignal,
      stop: messages.stopSignal,
      approve: messages.approveSignal,
      reject: messages.rejectSignal,
    }
    for (const [verb, signal] of Object.entries(signals) as [Verb, typeof messages.pauseSignal][])
      setHandler(signal, (said) => this.hear(verb, said))
    setHandler(messages.nativePause, ({ paused }) => this.heedNativePause(paused))
    setHandler(messages.nudge, () => void this.nudges.heard++)
    setHandler(messages.runState, () => this.state())
  }

  state(): RunState {
    return {
      phase: this.phase(),
      step: this.stepName,
      ...(this.pausedBy === undefined ? {} : { pausedBy: this.pausedBy }),
      ...this.clock.read(),
    }
  }

  /**
   * Runs the whole life: first row, story, and an orderly end whatever happens. An error that is not Temporal's own is
   * a fault of this code: it fails the workflow task, which a mended worker then goes on with.
   */
  async live<T>(chapters: Chapters<T>): Promise<T> {
    CancellationScope.current().cancelRequested.catch(() => this.heedCancellation())
    // a cancellation reaches the story as the verb stop, and nothing else in it
    return await CancellationScope.nonCancellable(async () => {
      try {
        await this.journal.open(chapters.open)
        return await chapters.story()
      } catch (error) {
        if (!(error instanceof Stopped) && !(error instanceof TemporalFailure)) throw error
        this.life = 'ending'
        await this.journal.settled()
        if (error instanceof Stopped) return await chapters.stopped(this.stoppedBy)
        await chapters.failed(messageOf(error))
        throw error
      } finally {
        this.life = 'closed'
        await this.journal.settled()
        this.journal.assertComplete()
      }
    })
  }

  /** Work that is never interrupted. It begins when the run is not paused; a pause or a stop waits for its end. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const result = await this.whenRunning(name, async () => {
      this.atomicSteps++
      try {
        return await work()
      } finally {
        this.atomicSteps--
        this.changed()
      }
    })
    if (this.want === 'stopped') throw new Stopped(name)
    return result
  }

  /**
   * The last step: once it has begun, commands are told that the run is closed, for its outcome stands. What led to it
   * is on the row first.
   */
  async conclude<T>(name: string, work: () => Promise<T>): Promise<T> {
    return await this.whenRunning(name, async () => {
      this.life = 'ending'
      await this.journal.settled()
      return await work()
    })
  }

  /** Work that a pause cancels and a resume calls again: it must go on from its own checkpoint. */
  async pausable<T>(name: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const attempt = await this.whenRunning(name, () => this.interruptibly(work))
      if (attempt.interrupted) continue
      if (this.want === 'stopped') throw new Stopped(name)
      return attempt.result
    }
  }

  /** Waits until a person or a policy approves or rejects. A decision made during a pause takes effect at the resume. */
  async approval(name: string): Promise<Decision> {
    this.decision = undefined
    this.awaitsDecision = true
    this.enter(name)
    await condition(() => !this.awaitsDecision || this.want === 'stopped')
    return await this.whenRunning(name, async () => {
      if (this.decision === undefined) throw new Stopped(name)
      return this.decision
    })
  }

  /** Waits for a nudge that was not yet heeded, or for `ms` at most: the caller then reads PostgreSQL again. */
  async nudged(name: string, ms: number): Promise<void> {
    await this.whenRunning(name, () => condition(() => this.nudges.heard > this.nudges.heeded || this.want !== 'running', ms))
    this.nudges.heeded = this.nudges.heard
    await this.whenRunning(name, async () => {})
  }

  /** Until what the run did and was told so far is on its row: whoever is nudged now reads it there. */
  async recorded(): Promise<void> {
    await this.journal.settled()
  }

  /** The check and the start are one synchronous stretch: no command can come between them. */
  private async whenRunning<T>(name: string, start: () => Promise<T>): Promise<T> {
    this.enter(name)
    while (this.want === 'paused') await condition(() => this.want !== 'paused')
    if (this.want === 'stopped') throw new Stopped(name)
    return await start()
  }

  private async interruptibly<T>(work: () => Promise<T>): Promise<{ interrupted: false; result: T } | { interrupted: true }> {
    const scope = new CancellationScope()
    this.busy.add(scope)
    try {
      return { interrupted: false, result: await scope.run(work) }
    } catch (error) {
      // also when its worker died, or it failed, while it was being cancelled: a resume tries again
      if (scope.consideredCancelled) return { interrupted: true }
      throw error
    } finally {
      this.busy.delete(scope)
      if (this.nativelyPaused) {
        this.nativelyPaused = false
        this.pausedBy = undefined
      }
      this.changed()
    }
  }

  private phase(): RunPhase {
    if (this.life === 'closed') return 'closed'
    if (this.want === 'stopped') return 'stopping'
    if (this.want === 'paused') return this.busy.size + this.atomicSteps > 0 ? 'pausing' : 'paused'
    if (this.nativelyPaused) return 'paused'
    return this.awaitsDecision ? 'awaiting_approval' : 'running'
  }

  private enter(name: string): void {
    this.stepName = name
    this.changed()
  }

  /** @throws ApplicationFailure with a code, when the command cannot be obeyed any more */
  private assertObeyable(verb: Verb, command: Command): void {
    assertCommand(command)
    if (this.obeyed.includes(command.commandId)) return
    const decides = verb === 'approve' || verb === 'reject'
    if (decides && this.decision !== undefined)
      throw refuse('already_decided', `the run was already decided: ${this.decision.verdict} by ${this.decision.command.by}`)
    if (this.life !== 'open') throw refuse('run_closed', `the run has ended or is at its last step, ${this.stepName}`)
    if (this.want === 'stopped') throw refuse('run_stopped', `the run is already stopping, as ${this.stoppedBy} asked`)
    if (decides && !this.awaitsDecision) throw refuse('nothing_to_decide', `the run waits for no decision: it is at ${this.stepName}`)
  }

  /** A signal has no answer: one that cannot be obeyed is logged and dropped. */
  private hear(verb: Verb, said: messages.SignalledCommand): void {
    const ordinal = (this.signals.get(verb) ?? 0) + 1
    this.signals.set(verb, ordinal)
    const { by, ...command } = commandOfSignal(said)
    const complete: Command = { ...command, by: by ?? 'temporal' }
    try {
      this.assertObeyable(verb, complete)
    } catch (error) {
      log.warn('signal ignored', { verb, by: complete.by, why: messageOf(error) })
      return
    }
    this.obey(verb, complete, { via: 'signal', ...(by === undefined ? { signal: { name: verb, ordinal } } : {}) })
  }

  private heedCancellation(): void {
    if (this.life !== 'open' || this.want === 'stopped') return
    this.obey('stop', { commandId: uuid4(), by: 'temporal' }, { via: 'temporal', signal: { name: 'cancel', ordinal: 1 } })
  }

  /** Heard only while interruptible work is under way: a late one must not pause what follows. */
  private heedNativePause(paused: boolean): void {
    if (this.want !== 'running' || this.nativelyPaused === paused || this.busy.size === 0) return
    this.nativelyPaused = paused
    this.pausedBy = paused ? 'temporal' : undefined
    this.changed({ commandId: uuid4(), verb: paused ? 'pause' : 'resume', by: 'temporal', via: 'temporal' })
  }

  private obey(verb: Verb, command: Command, from: Pick<NonNullable<JournalEntry['command']>, 'via' | 'signal'>): RunState {
    if (this.obeyed.includes(command.commandId)) return this.state()
    this.obeyed.push(command.commandId)
    if (this.obeyed.length > rememberedCommands) this.obeyed.shift()
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
        this.decision = { verdict: verb, command, signal: from.signal }
        this.awaitsDecision = false
        break
      default:
        verb satisfies never
    }
    this.changed({ ...command, verb, ...from })
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

  /** Turns the clock, shows the state in the Temporal UI and puts it on the run's row, when anything is new. */
  private changed(command?: JournalEntry['command']): void {
    const phase = this.phase()
    if (phase === 'closed') return
    const state = JSON.stringify([phase, this.stepName, this.pausedBy])
    if (command === undefined && state === this.shown) return
    this.shown = state
    this.clock.turn(phase === 'paused' || phase === 'pausing')
    this.show(phase)
    const { pausedMs } = this.clock.read()
    const pausedBy = this.pausedBy ?? null
    this.journal.append({
      kind: this.kind,
      id: this.id,
      sequence: ++this.sequence,
      phase,
      step: this.stepName,
      pausedBy,
      pausedMs,
      ...(command && { command }),
    })
  }

  private shownPausedBy: string | undefined

  private show(phase: RunPhase): void {
    const by = this.pausedBy === undefined ? '' : ` by ${this.pausedBy}`
    const wants =
      phase === 'awaiting_approval'
        ? '\n\nIt waits for the update or signal `approve` or `reject`.'
        : phase === 'paused'
          ? '\n\nIt waits for the update or signal `resume`.'
          : ''
    setCurrentDetails(`**${this.stepName}**: ${phase.replaceAll('_', ' ')}${by}${wants}`)
    if (this.pausedBy === this.shownPausedBy) return
    this.shownPausedBy = this.pausedBy
    upsertSearchAttributes([{ key: searchAttributeKey('PausedBy'), value: this.pausedBy ?? null }])
  }
}

/** The message of what went wrong inside the activity, not of the envelope that Temporal put around it. */
function messageOf(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause !== undefined) return messageOf(error.cause)
  return error instanceof Error ? error.message : String(error)
}
