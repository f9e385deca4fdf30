import type { Database } from '#db/client.ts'
import { recordRunState, type RunEntry } from '#db/commands/record-run-state.ts'
import { senderOf, type SignalOrdinal } from './sender.ts'

export type { RunKind } from '#db/commands/record-run-state.ts'

/** `signal` is there when a command came by a signal that did not say who sent it. */
export type JournalEntry = Omit<RunEntry, 'command'> & { command?: NonNullable<RunEntry['command']> & { signal?: SignalOrdinal } }

/** Puts what a durable process does and was told on its row and into the audit. */
export const createJournalActivities = ({ db }: { db: Database }) => ({
  async recordRunState({ command, ...entry }: JournalEntry): Promise<void> {
    if (command === undefined) return await recordRunState(db, entry)
    const { signal, ...said } = command
    const sender = signal === undefined ? undefined : await senderOf(signal)
    await recordRunState(db, { ...entry, command: { ...said, by: sender ?? said.by } })
  },
})

export type JournalActivities = ReturnType<typeof createJournalActivities>
