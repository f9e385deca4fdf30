import { CancellationScope, log, proxyActivities } from '@temporalio/workflow'
import type { JournalActivities, JournalEntry } from '#activities/journal.ts'
import { onTheSpot } from './on-the-spot.ts'
import { atomic } from './proxies.ts'

const states = onTheSpot<JournalActivities>({ summary: 'state onto the row' })
/**
 * Never on the spot: a task that fails may be done again without an update that it had accepted, and then nobody gave the
 * command. What is queued is only written once the task, and with it the acceptance, is in the history.
 */
const commands = proxyActivities<JournalActivities>({ ...atomic, summary: 'a command onto the row' })

/**
 * Puts what happens to a run on its row, in order, behind the run's first row. Handlers only append; nothing waits for
 * an entry but the run's end.
 */
export class RunJournal {
  private opened: () => void = () => {}
  private tail: Promise<void> = new Promise((resolve) => (this.opened = resolve))
  /** the end of the last entry that is more than the name of a step */
  private lasting: Promise<void> = Promise.resolve()
  private failure: unknown
  private pending = 0

  /** Writes the first row. Entries that came meanwhile follow, even when it failed: a command is always audited. */
  async open(first: () => Promise<unknown>): Promise<void> {
    try {
      await first()
    } finally {
      this.opened()
    }
  }

  /** `isStep`: the entry tells which step a running run is at, and no more. */
  append(entry: JournalEntry, isStep: boolean): void {
    this.pending++
    this.tail = this.tail.then(async () => {
      try {
        await CancellationScope.nonCancellable(() => (entry.command === undefined ? states : commands).recordRunState(entry))
      } catch (error) {
        // kept for the end: a rejection that nobody awaits would fail the workflow task instead of the run
        this.failure ??= error
        log.error('the journal refused an entry', { sequence: entry.sequence, error })
      } finally {
        this.pending--
      }
    })
    if (!isStep) this.lasting = this.tail
  }

  /** Nothing waits to be written. */
  isSettled(): boolean {
    return this.pending === 0
  }

  /** All that was appended has been written, or has failed. */
  async settled(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.tail;) {
      seen = this.tail
      await seen
    }
  }

  /** As `settled`, but the last entries may be under way that only name steps. */
  async settledButForSteps(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.lasting;) {
      seen = this.lasting
      await seen
    }
  }

  assertComplete(): void {
    if (this.failure !== undefined) throw this.failure
  }
}
