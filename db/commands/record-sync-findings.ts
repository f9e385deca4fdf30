import { and, eq, isNull } from 'drizzle-orm'
import type { PriceJump } from '#contracts/datasets.ts'
import type { Executor } from '../client.ts'
import { syncRun } from '../schema.ts'

type Counts = { rows: number; symbols: number; quarantined: number }
type Findings = (Counts & { withdrawn: string[] }) | { jumps: PriceJump[] } | (Counts & { jumps: PriceJump[] })

/** What an open sync has found so far, for those who watch it or must decide. */
export async function recordSyncFindings(db: Executor, syncId: string, findings: Findings): Promise<void> {
  await db
    .update(syncRun)
    .set(findings)
    .where(and(eq(syncRun.id, syncId), isNull(syncRun.endedAt)))
}
