import type { InspectionKind } from '#contracts/snapshots.ts'
import type { Executor } from '../client.ts'
import type { InspectionRecord } from '../queries/inspections.ts'
import { inspection } from '../schema.ts'

export type DoneInspection<K extends InspectionKind> = { kind: K } & Omit<InspectionRecord<K>, 'endedAt'>

/** What came of a comparison, an export or a verification. Done again, the first word stays. */
export async function keepInspection<K extends InspectionKind>(db: Executor, done: DoneInspection<K>): Promise<void> {
  await db.insert(inspection).values(done).onConflictDoNothing()
}
