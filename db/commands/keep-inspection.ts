import type { InspectionKind, InspectionResults, UndoneInspection } from '#contracts/snapshots.ts'
import type { Executor } from '../client.ts'
import { inspection } from '../schema.ts'

export type DoneInspection<K extends InspectionKind> = Omit<UndoneInspection, 'kind' | 'state' | 'failure'> & {
  kind: K
  result: InspectionResults[K]
}

/** What came of a comparison, an export or a verification. Done again, the first word stays. */
export async function keepInspection<K extends InspectionKind>(db: Executor, done: DoneInspection<K>): Promise<void> {
  await db
    .insert(inspection)
    .values({ ...done, state: 'done' })
    .onConflictDoNothing()
}

/** That one failed or was stopped, unless it is known how it ended. */
export async function keepUndoneInspection(db: Executor, undone: UndoneInspection): Promise<void> {
  await db.insert(inspection).values(undone).onConflictDoNothing()
}
