import type { Command, RunState } from '#contracts/commands.ts'
import type { Verb } from './command-intake.ts'
import { refuse } from './command-shape.ts'
import type { DurableRun } from './durable.ts'
import { promote, promoteSignal, rollback, rollbackSignal } from './messages/deployments.ts'

/** What people may say to a rollout beside pause, resume and stop. Gates are obeyed by the same way. */
export class RolloutVerbs {
  /** the version has answered requests: there is something to undo */
  answers = false
  /** the switch has happened, and nothing answered before it */
  isFirst = false
  private promotedBy: Command | undefined
  private undoneBy: Command | undefined
  private readonly run: DurableRun

  constructor(run: DurableRun) {
    this.run = run
  }

  listen(): void {
    this.run.accept(
      this.verb(
        'promote',
        { update: promote, signal: promoteSignal },
        () => {},
        (command) => void (this.promotedBy ??= command),
      ),
    )
    this.run.accept(
      this.verb(
        'rollback',
        { update: rollback, signal: rollbackSignal },
        () => this.assertUndoable(),
        (command) => void (this.undoneBy ??= command),
      ),
    )
  }

  get promotion(): Command | undefined {
    return this.promotedBy
  }

  get rollback(): Command | undefined {
    return this.undoneBy
  }

  private assertUndoable(): void {
    if (this.undoneBy !== undefined) throw refuse('run_closed', `it is being rolled back already, as ${this.undoneBy.by} asked`)
    if (!this.answers) throw refuse('nothing_to_roll_back', 'it has not answered any request yet: stop it instead')
    if (this.isFirst) throw refuse('nothing_to_roll_back', 'nothing answered on the endpoint before it')
  }

  private verb(
    name: 'promote' | 'rollback',
    messages: Pick<Verb<Command, RunState>, 'update' | 'signal'>,
    assertObeyable: () => void,
    obey: (command: Command) => void,
  ): Verb<Command, RunState> {
    return { name, ...messages, complete: (command) => command, assertObeyable, obey, answer: () => this.run.state() }
  }
}
