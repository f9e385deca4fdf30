import type { SignalOrdinal } from '#activities/sender.ts'
import type { Command, RunPhase } from '#contracts/commands.ts'
import { refuse } from './command-shape.ts'

export type RunVerb = 'pause' | 'resume' | 'stop' | 'approve' | 'reject'

/** `signal` is there when it came by a signal that did not say who sent it. */
export type Decision = { verdict: 'approve' | 'reject'; command: Command; signal?: SignalOrdinal | undefined }

/** What people want of a run, and which of their commands it can still obey. Nothing here touches Temporal. */
export class RunWill {
  want: 'running' | 'paused' | 'stopped' = 'running'
  life: 'open' | 'ending' | 'closed' = 'open'
  /** by Temporal's own activity pause */
  nativelyPaused = false
  awaitsDecision = false
  decision: Decision | undefined
  pausedBy: string | undefined
  stoppedBy = 'temporal'

  /** A run that goes on from an earlier execution may be paused already. */
  constructor(pausedBy?: string) {
    this.pausedBy = pausedBy
    if (pausedBy !== undefined) this.want = 'paused'
  }

  /** `isAtWork`: something is under way that a pause waits for. */
  phase(isAtWork: boolean): RunPhase {
    if (this.life === 'closed') return 'closed'
    if (this.want === 'stopped') return 'stopping'
    if (this.want === 'paused') return isAtWork ? 'pausing' : 'paused'
    if (this.nativelyPaused) return 'paused'
    return this.awaitsDecision ? 'awaiting_approval' : 'running'
  }

  /** @throws ApplicationFailure with a code, when the verb cannot be obeyed any more */
  assertObeyable(verb: RunVerb, step: string): void {
    const decides = verb === 'approve' || verb === 'reject'
    if (decides && this.decision !== undefined)
      throw refuse('already_decided', `the run was already decided: ${this.decision.verdict} by ${this.decision.command.by}`)
    this.assertOpen(step)
    if (decides && !this.awaitsDecision) throw refuse('nothing_to_decide', `the run waits for no decision: it is at ${step}`)
  }

  assertOpen(step: string): void {
    if (this.life !== 'open') throw refuse('run_closed', `the run has ended or is at its last step, ${step}`)
    if (this.want === 'stopped') throw refuse('run_stopped', `the run is already stopping, as ${this.stoppedBy} asked`)
  }

  /** Answers whether the interruptible work under way must be interrupted. */
  obey(verb: RunVerb, command: Command, signal: SignalOrdinal | undefined): boolean {
    switch (verb) {
      case 'pause':
        return this.turn('paused', command.by)
      case 'resume':
        return this.turn('running', undefined)
      case 'stop':
        this.stoppedBy = command.by
        return this.turn('stopped', undefined)
      case 'approve':
      case 'reject':
        this.decision = { verdict: verb, command, signal }
        this.awaitsDecision = false
        return false
      default:
        return verb satisfies never
    }
  }

  private turn(want: RunWill['want'], by: string | undefined): boolean {
    // resuming a natively paused activity cancels it, so that it is scheduled anew
    const interrupts = want !== 'running' || this.nativelyPaused
    this.want = want
    this.pausedBy = by
    this.nativelyPaused = false
    return interrupts
  }
}
