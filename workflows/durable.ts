/**
 * How every durable process behaves: pause, resume, stop, approve and reject, written once.
 *
 * Phases: running → pausing → paused → running; any → stopping → closed. `pausing` answers at once; `paused` means that
 * the interruptible activity has closed and its worker slot is free. Each verb is an update, and a signal of the same
 * name. Cancelling the workflow is the verb stop. A command is accepted only if it will be obeyed: once the last step
 * has begun, the run is closed to all of them.
 */
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common'
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
import type { Command, RunPhase, RunState } from '#contracts/commands.ts'
import { CommandIntake, type CommandSource, type Verb } from './command-intake.ts'
import * as messages from './messages/run.ts'
import { type ClockReading, RunClock } from './run-clock.ts'
import { RunDisplay } from './run-display.ts'
import { RunJournal } from './run-journal.ts'
import { type Decision, RunWill, type RunVerb } from './run-will.ts'

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

/** What the next execution of a long run must know, as plain JSON. A nudge need not go over: the next one begins with a look. */
export type CarriedRun = {
  step: string
  pausedBy: string | null
  clock: ClockReading
  sequence: number
  obeyed: string[]
}

export class DurableRun {
  readonly kind: RunKind
  readonly id: string
  private stepName = 'start'
  private nudges = { heard: 0, heeded: 0 }
  private sequence = 0
  private shown = ''
  private shownPhase: RunPhase = 'running'
  /** steps under way that finish first */
  private atomicSteps = 0
  /** interruptible work under way */
  private readonly busy = new Set<CancellationScope>()
  /** work under way that only a stop interrupts */
  private readonly standing = new Set<CancellationScope>()
  private readonly continues: boolean
  private readonly will: RunWill
  private readonly intake: CommandIntake
  private readonly clock: RunClock
  private readonly display: RunDisplay
  private readonly journal = new RunJournal()

  constructor(kind: RunKind, id: string, carried?: CarriedRun) {
    this.kind = kind
    this.id = id
    this.continues = carried !== undefined
    const pausedBy = carried?.pausedBy ?? undefined
    this.will = new RunWill(pausedBy)
    this.intake = new CommandIntake(carried?.obeyed)
    this.clock = new RunClock(carried?.clock, pausedBy !== undefined)
    this.display = new RunDisplay(pausedBy)
    if (carried === undefined) return
    this.stepName = carried.step
    this.sequence = carried.sequence
    this.shownPhase = this.phase()
    this.shown = this.appearance(this.shownPhase)
    this.display.show(this.phase(), this.stepName, this.will.pausedBy)
  }

  /** Installs every handler. Call it before the first await. */
  listen(): void {
    this.intake.listen(this.verb('pause', messages.pause, messages.pauseSignal))
    this.intake.listen(this.verb('resume', messages.resume, messages.resumeSignal))
    this.intake.listen(this.verb('stop', messages.stop, messages.stopSignal))
    this.intake.listen(this.verb('approve', messages.approve, messages.approveSignal))
    this.intake.listen(this.verb('reject', messages.reject, messages.rejectSignal))
    setHandler(messages.nativePause, ({ paused }) => this.heedNativePause(paused))
    setHandler(messages.nudge, () => void this.nudges.heard++)
    setHandler(messages.runState, () => this.state())
  }

  /** Installs a verb that only this workflow knows. Obeying it counts as a nudge. */
  accept<C extends Command, Answer>(own: Verb<C, Answer>): void {
    this.intake.listen<C, Answer>({
      ...own,
      assertObeyable: (command, via) => {
        this.will.assertOpen(this.stepName)
        own.assertObeyable(command, via)
      },
      obey: (command, from) => {
        own.obey(command, from)
        this.nudges.heard++
        const { commandId, by, reason } = command
        this.changed({ commandId, by, ...(reason === undefined ? {} : { reason }), verb: own.name, ...from })
      },
    })
  }

  state(): RunState {
    return {
      phase: this.phase(),
      step: this.stepName,
      ...(this.will.pausedBy === undefined ? {} : { pausedBy: this.will.pausedBy }),
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
        // the first row stands since the first execution
        await this.journal.open(this.continues ? async () => {} : chapters.open)
        return await chapters.story()
      } catch (error) {
        if (!(error instanceof Stopped) && !(error instanceof TemporalFailure)) throw error
        this.will.life = 'ending'
        await this.journal.settled()
        if (error instanceof Stopped) return await chapters.stopped(this.will.stoppedBy)
        await chapters.failed(messageOf(error))
        throw error
      } finally {
        this.will.life = 'closed'
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
    if (this.will.want === 'stopped') throw new Stopped(name)
    return result
  }

  /**
   * The last step: once it has begun, commands are told that the run is closed, for its outcome stands. What led to it,
   * all that was said and every pause, is on the row first; the names of steps may follow, for the end outlasts them.
   */
  async conclude<T>(name: string, work: () => Promise<T>): Promise<T> {
    return await this.whenRunning(name, async () => {
      this.will.life = 'ending'
      await this.journal.settledButForSteps()
      return await work()
    })
  }

  /** The last step did not come about and the story goes on: commands are heard again. */
  reopen(): void {
    this.will.life = 'open'
  }

  /** As `conclude`, for an end that no pause may hold up. */
  async concludeNow<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.enter(name)
    this.will.life = 'ending'
    await this.journal.settledButForSteps()
    return await work()
  }

  /** Work that a pause cancels and a resume calls again: it must go on from its own checkpoint. */
  async pausable<T>(name: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const attempt = await this.whenRunning(name, () => this.interruptibly(work))
      if (attempt.interrupted) continue
      if (this.will.want === 'stopped') throw new Stopped(name)
      return attempt.result
    }
  }

  /** Waits until a person or a policy approves or rejects. A decision made during a pause takes effect at the resume. */
  async approval(name: string): Promise<Decision> {
    this.will.decision = undefined
    this.will.awaitsDecision = true
    this.enter(name)
    await condition(() => !this.will.awaitsDecision || this.will.want === 'stopped')
    return await this.whenRunning(name, async () => {
      if (this.will.decision === undefined) throw new Stopped(name)
      return this.will.decision
    })
  }

  /** Waits for a nudge that was not yet heeded, or for `ms` at most: the caller then reads PostgreSQL again. */
  async nudged(name: string, ms: number): Promise<void> {
    await this.whenRunning(name, () => condition(() => this.nudges.heard > this.nudges.heeded || this.will.want !== 'running', ms))
    this.nudges.heeded = this.nudges.heard
    await this.whenRunning(name, async () => {})
  }

  /** Until what the run did and was told so far is on its row: whoever is nudged now reads it there. */
  async recorded(): Promise<void> {
    await this.journal.settled()
  }

  /** Nobody has paused or stopped it: a step that is called at once begins at once. */
  get isFree(): boolean {
    return this.will.want === 'running'
  }

  /** Short work that goes on during a pause. A stop waits for its end. */
  async always<T>(work: () => Promise<T>): Promise<T> {
    const result = await this.unlessStopped(work)
    if (this.will.want === 'stopped') throw new Stopped(this.stepName)
    return result
  }

  /** Long work that goes on during a pause. A stop cancels it. */
  async alwaysUntilStopped<T>(work: () => Promise<T>): Promise<T> {
    const scope = new CancellationScope()
    this.standing.add(scope)
    try {
      return await this.always(() => scope.run(work))
    } catch (error) {
      if (scope.consideredCancelled) throw new Stopped(this.stepName)
      throw error
    } finally {
      this.standing.delete(scope)
    }
  }

  /** As `nudged`, and it also ends when the run is paused or resumed: the caller then sees what it may do. */
  async nudgedOr(name: string, ms: number): Promise<void> {
    this.enter(name)
    const wanted = this.will.want
    await this.always(() => condition(() => this.nudges.heard > this.nudges.heeded || this.will.want !== wanted, ms))
    this.nudges.heeded = this.nudges.heard
  }

  /**
   * Goes on as a new execution with an empty history. No accepted command is lost: all handlers have finished, and what
   * they were told is on the row. Signals are counted anew, for their senders are found in the history of an execution.
   */
  async continueAsNew(go: (carried: CarriedRun) => Promise<never>): Promise<never> {
    const isQuiet = () => allHandlersFinished() && this.journal.isSettled()
    // a condition may be met between two messages of one task: asked again when all of them have been heard
    while (!isQuiet()) await condition(isQuiet)
    return await this.always(() => go(this.carry()))
  }

  private carry(): CarriedRun {
    return {
      step: this.stepName,
      pausedBy: this.will.pausedBy ?? null,
      clock: this.clock.read(),
      sequence: this.sequence,
      obeyed: this.intake.remembered(),
    }
  }

  private async unlessStopped<T>(work: () => Promise<T>): Promise<T> {
    if (this.will.want === 'stopped') throw new Stopped(this.stepName)
    return await work()
  }

  /** The check and the start are one synchronous stretch: no command can come between them. */
  private async whenRunning<T>(name: string, start: () => Promise<T>): Promise<T> {
    this.enter(name)
    while (this.will.want === 'paused') await condition(() => this.will.want !== 'paused')
    if (this.will.want === 'stopped') throw new Stopped(name)
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
      if (this.will.nativelyPaused) {
        this.will.nativelyPaused = false
        this.will.pausedBy = undefined
      }
      this.changed()
    }
  }

  private phase(): RunPhase {
    return this.will.phase(this.busy.size + this.atomicSteps > 0)
  }

  /** Shows the step that standing work belongs to. */
  enter(name: string): void {
    this.stepName = name
    this.changed()
  }

  /** A verb that every run understands. */
  private verb(
    name: RunVerb,
    update: UpdateDefinition<RunState, [Command]>,
    signal: SignalDefinition<[unknown?]>,
  ): Verb<Command, RunState> {
    return {
      name,
      update,
      signal,
      complete: (command) => command,
      assertObeyable: () => this.will.assertObeyable(name, this.stepName),
      obey: (command, from) => this.obey(name, command, from),
      answer: () => this.state(),
    }
  }

  private heedCancellation(): void {
    if (this.will.life !== 'open' || this.will.want === 'stopped') return
    const cancellation: CommandSource = { via: 'temporal', signal: { name: 'cancel', ordinal: 1 } }
    this.intake.take(this.verb('stop', messages.stop, messages.stopSignal), { commandId: uuid4(), by: 'temporal' }, cancellation)
  }

  /** Heard only while interruptible work is under way: a late one must not pause what follows. */
  private heedNativePause(paused: boolean): void {
    if (this.will.want !== 'running' || this.will.nativelyPaused === paused || this.busy.size === 0) return
    this.will.nativelyPaused = paused
    this.will.pausedBy = paused ? 'temporal' : undefined
    this.changed({ commandId: uuid4(), verb: paused ? 'pause' : 'resume', by: 'temporal', via: 'temporal' })
  }

  private obey(verb: RunVerb, command: Command, from: CommandSource): void {
    if (this.will.obey(verb, command, from.signal)) for (const scope of this.busy) scope.cancel()
    if (verb === 'stop') for (const scope of this.standing) scope.cancel()
    this.changed({ ...command, verb, ...from })
  }

  /** Turns the clock, shows the state in the Temporal UI and puts it on the run's row, when anything is new. */
  private changed(command?: JournalEntry['command']): void {
    const phase = this.phase()
    if (phase === 'closed') return
    const state = this.appearance(phase)
    if (command === undefined && state === this.shown) return
    const isStep = command === undefined && phase === 'running' && this.shownPhase === 'running'
    this.shown = state
    this.shownPhase = phase
    this.clock.turn(phase === 'paused' || phase === 'pausing')
    this.display.show(phase, this.stepName, this.will.pausedBy)
    const { pausedMs } = this.clock.read()
    const pausedBy = this.will.pausedBy ?? null
    const entry = { kind: this.kind, id: this.id, sequence: ++this.sequence, phase, step: this.stepName, pausedBy, pausedMs }
    this.journal.append({ ...entry, ...(command && { command }) }, isStep)
  }

  private appearance(phase: RunPhase): string {
    return JSON.stringify([phase, this.stepName, this.will.pausedBy])
  }
}

/** The message of what went wrong inside the activity, not of the envelope that Temporal put around it. */
function messageOf(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause !== undefined) return messageOf(error.cause)
  return error instanceof Error ? error.message : String(error)
}
