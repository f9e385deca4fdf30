import { and, eq, isNull } from 'drizzle-orm'
import type { SyncResult } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { syncResultOf } from '../queries/syncs.ts'
import { syncRun } from '../schema.ts'

/** Ends a sync that lands nothing: the head stays as it was. One that has ended keeps its first end. */
export async function endSync(
  db: Database,
  syncId: string,
  end: { state: 'rejected' | 'failed' | 'stopped'; failure: string | null },
): Promise<SyncResult> {
  await db
    .update(syncRun)
    .set({ ...end, endedAt: new Date().toISOString() })
    .where(and(eq(syncRun.id, syncId), isNull(syncRun.endedAt)))
  const [run] = await db.select().from(syncRun).where(eq(syncRun.id, syncId))
  if (run === undefined) throw new QuantloopError('not_found', `no sync ${syncId}`, { sync: syncId })
  return syncResultOf(run)
}
