import { uuid4 } from '@temporalio/workflow'
import type { SignalOrdinal } from '#activities/sender.ts'
import type { Command } from '#contracts/commands.ts'
import type { SupervisionPolicy } from '#contracts/supervision.ts'
import type { CommandSource, Verb } from './command-intake.ts'
import { refuse } from './command-shape.ts'
import type { DurableRun } from './durable.ts'
import * as messages from './messages/supervision.ts'

type Told = { command: Command; signal: SignalOrdinal | undefined }

/** What people asked of a supervisor and it has not done yet, as plain JSON. */
export type CarriedWishes = {
  retrain: { by: string } | null
  inFlight: messages.RetrainIds | null
  next: messages.RetrainIds
  answers: { commandId: string; ids: messages.RetrainIds }[]
  acknowledgements: (Told & { alertId: string })[]
  policies: (Told & { policy: SupervisionPolicy })[]
}

const rememberedAnswers = 200

/**
 * Holds what people say until the supervisor's next look. The ids of the next retrain are known before it starts, so
 * that a handler answers at once, and two who ask at the same time are told of the same one.
 */
export class Wishes {
  private readonly wishes: CarriedWishes
  /** whether a retrain is in flight is known from the first look on */
  private known: boolean

  constructor(carried?: CarriedWishes) {
    this.known = carried !== undefined
    this.wishes = carried ?? { retrain: null, inFlight: null, next: newIds(), answers: [], acknowledgements: [], policies: [] }
  }

  carry(): CarriedWishes {
    return this.wishes
  }

  /** Installs the verbs of a supervisor. */
  listen(run: DurableRun): void {
    run.accept(this.retrainNow())
    run.accept(this.acknowledge(run))
    run.accept(this.setPolicy(run))
  }

  /** What the rows say of the retrain in flight. One that has ended makes room for the next. */
  learn(retrain: { id: string; runId: string } | null): void {
    this.known = true
    if (retrain !== null) this.inFlight({ retrainId: retrain.id, runId: retrain.runId })
    else if (this.wishes.inFlight !== null) {
      this.wishes.inFlight = null
      this.wishes.next = newIds()
    }
  }

  /** A retrain is under way: whoever wished for one has it. */
  inFlight(ids: messages.RetrainIds): void {
    this.wishes.inFlight = ids
    this.wishes.retrain = null
  }

  get retrain(): { by: string } | null {
    return this.wishes.retrain
  }

  get nextIds(): messages.RetrainIds {
    return this.wishes.next
  }

  /** The oldest of each kind stays in place until it was done. */
  async heed(doing: {
    acknowledge: (wish: CarriedWishes['acknowledgements'][number]) => Promise<void>
    setPolicy: (wish: CarriedWishes['policies'][number]) => Promise<void>
  }): Promise<void> {
    for (let wish; (wish = this.wishes.acknowledgements[0]) !== undefined; this.wishes.acknowledgements.shift())
      await doing.acknowledge(wish)
    for (let wish; (wish = this.wishes.policies[0]) !== undefined; this.wishes.policies.shift()) await doing.setPolicy(wish)
  }

  private retrainNow(): Verb<Command, messages.RetrainIds> {
    return {
      name: 'retrainNow',
      update: messages.retrainNow,
      signal: messages.retrainNowSignal,
      complete: (command) => command,
      assertObeyable: (_, via) => {
        // a signal is answered with nothing, so nothing in the answer can be wrong
        if (via === 'update' && !this.known) throw refuse('endpoint_not_ready', 'the supervisor has only just started: ask again')
      },
      obey: ({ commandId, by }) => {
        const ids = this.wishes.inFlight ?? this.wishes.next
        this.wishes.answers.push({ commandId, ids })
        if (this.wishes.answers.length > rememberedAnswers) this.wishes.answers.shift()
        if (this.wishes.inFlight === null) this.wishes.retrain ??= { by }
      },
      answer: ({ commandId }) =>
        this.wishes.answers.find((told) => told.commandId === commandId)?.ids ?? this.wishes.inFlight ?? this.wishes.next,
    }
  }

  private acknowledge(run: DurableRun): Verb<messages.Acknowledge> {
    return {
      name: 'acknowledge',
      update: messages.acknowledge,
      signal: messages.acknowledgeSignal,
      complete: (command, said) => ({ ...command, alertId: fieldOf(said, 'alertId') as string }),
      assertObeyable: ({ alertId }) => {
        if (typeof alertId !== 'string' || !uuid.test(alertId))
          throw refuse('invalid_request', 'an acknowledgement needs `alertId`: the id of an alert')
      },
      obey: ({ alertId, ...command }, from) => void this.wishes.acknowledgements.push({ alertId, ...told(command, from) }),
      answer: () => run.state(),
    }
  }

  private setPolicy(run: DurableRun): Verb<messages.SetPolicy> {
    return {
      name: 'setPolicy',
      update: messages.setPolicy,
      signal: messages.setPolicySignal,
      complete: (command, said) => ({ ...command, policy: fieldOf(said, 'policy') as SupervisionPolicy }),
      assertObeyable: ({ policy }) => {
        if (typeof policy !== 'object' || policy === null) throw refuse('invalid_request', 'another policy needs `policy`')
      },
      obey: ({ policy, ...command }, from) => void this.wishes.policies.push({ policy, ...told(command, from) }),
      answer: () => run.state(),
    }
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const newIds = (): messages.RetrainIds => ({ retrainId: uuid4(), runId: uuid4() })

const told = ({ commandId, by, reason }: Command, { signal }: CommandSource): Told => ({
  command: { commandId, by, ...(reason === undefined ? {} : { reason }) },
  signal,
})

const fieldOf = (said: unknown, field: string): unknown =>
  typeof said === 'object' && said !== null ? (said as Record<string, unknown>)[field] : undefined
