import type { Database } from '#db/client.ts'
import { recordRunState, type JournalEntry } from '#db/commands/record-run-state.ts'

export type { JournalEntry, RunKind } from '#db/commands/record-run-state.ts'

/** Puts what a durable process does and was told on its row and into the audit. */
export const createJournalActivities = ({ db }: { db: Database }) => ({
  recordRunState: (entry: JournalEntry): Promise<void> => recordRunState(db, entry),
})

export type JournalActivities = ReturnType<typeof createJournalActivities>
