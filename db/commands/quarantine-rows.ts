import type { Executor } from '../client.ts'
import { quarantinedRow } from '../schema.ts'

export type Quarantined = Omit<typeof quarantinedRow.$inferInsert, 'syncId'>

/** Lines that a sync refused, each once. */
export async function quarantineRows(db: Executor, syncId: string, rows: readonly Quarantined[]): Promise<void> {
  if (rows.length > 0)
    await db
      .insert(quarantinedRow)
      .values(rows.map((row) => ({ syncId, ...row })))
      .onConflictDoNothing()
}
