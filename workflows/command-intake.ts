import type { SignalDefinition, UpdateDefinition } from '@temporalio/common'
import { log, setHandler } from '@temporalio/workflow'
import type { JournalEntry } from '#activities/journal.ts'
import type { Command } from '#contracts/commands.ts'
import { assertCommand, commandOfSignal } from './command-shape.ts'

/** How a command came: `signal` is there when it came by a signal that did not say who sent it. */
export type CommandSource = Pick<NonNullable<JournalEntry['command']>, 'via' | 'signal'>

/** What people and policies may say to a workflow, as an update and as a signal of the same name. Nothing here waits. */
export type Verb<C extends Command = Command, Answer = unknown> = {
  name: string
  update: UpdateDefinition<Answer, [C]>
  signal: SignalDefinition<[unknown?]>
  /** what a signal must say beside id, sender and reason; @throws ApplicationFailure when it lacks it */
  complete(command: Command, said: unknown): C
  /** @throws ApplicationFailure with a code, when the command cannot be obeyed */
  assertObeyable(command: C, via: CommandSource['via']): void
  obey(command: C, from: CommandSource): void
  answer(command: C): Answer
}

const rememberedCommands = 200

/** Takes commands, each once however it comes and however often. */
export class CommandIntake {
  private readonly obeyed: string[]
  /** how many signals of a name this execution has heard: what finds the sender in its history */
  private readonly signals = new Map<string, number>()

  constructor(obeyed: readonly string[] = []) {
    this.obeyed = [...obeyed]
  }

  /** The ids that the next execution of this workflow must know. */
  remembered(): string[] {
    return [...this.obeyed]
  }

  /** Installs both handlers of a verb. */
  listen<C extends Command, Answer>(verb: Verb<C, Answer>): void {
    setHandler(verb.update, (command) => this.take(verb, command, { via: 'update' }), {
      validator: (command) => this.assertTakable(verb, command, 'update'),
    })
    setHandler(verb.signal, (said) => this.hear(verb, said))
  }

  take<C extends Command, Answer>(verb: Verb<C, Answer>, command: C, from: CommandSource): Answer {
    if (!this.obeyed.includes(command.commandId)) {
      this.obeyed.push(command.commandId)
      if (this.obeyed.length > rememberedCommands) this.obeyed.shift()
      verb.obey(command, from)
    }
    return verb.answer(command)
  }

  private assertTakable<C extends Command, Answer>(verb: Verb<C, Answer>, command: C, via: CommandSource['via']): void {
    assertCommand(command)
    if (!this.obeyed.includes(command.commandId)) verb.assertObeyable(command, via)
  }

  /** A signal has no answer: one that cannot be obeyed is logged and dropped. */
  private hear<C extends Command, Answer>(verb: Verb<C, Answer>, said: unknown): void {
    const ordinal = (this.signals.get(verb.name) ?? 0) + 1
    this.signals.set(verb.name, ordinal)
    const { by, ...spoken } = commandOfSignal(said)
    const sender = by ?? 'temporal'
    let command: C
    try {
      command = verb.complete({ ...spoken, by: sender }, said)
      this.assertTakable(verb, command, 'signal')
    } catch (error) {
      log.warn('signal ignored', { verb: verb.name, by: sender, why: error instanceof Error ? error.message : String(error) })
      return
    }
    this.take(verb, command, { via: 'signal', ...(by === undefined ? { signal: { name: verb.name, ordinal } } : {}) })
  }
}
