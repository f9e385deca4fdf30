import { asc, eq, inArray } from 'drizzle-orm'
import type { AuditEntry } from '#contracts/access.ts'
import type { FitResult } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import { audit, trainingRun } from '../schema.ts'
import { iso } from './timestamps.ts'

/** The objects that a fit left, as far as the run has come. */
export async function findFit(db: Executor, runId: string): Promise<FitResult | null> {
  const [row] = await db.select({ fit: trainingRun.fit }).from(trainingRun).where(eq(trainingRun.id, runId))
  return row?.fit ?? null
}

/** Every audit entry on these subjects, oldest first. */
export async function auditOf(db: Executor, subjects: readonly string[]): Promise<AuditEntry[]> {
  const rows = await db
    .select()
    .from(audit)
    .where(inArray(audit.subject, [...subjects]))
    .orderBy(asc(audit.id))
  return rows.map((row) => ({ ...row, at: iso(row.at) }))
}
