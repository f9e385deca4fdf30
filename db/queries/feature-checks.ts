import { and, desc, eq } from 'drizzle-orm'
import type { CheckFeaturesResult } from '#contracts/feature-checks.ts'
import type { Executor } from '../client.ts'
import { featureCheck } from '../schema.ts'
import { iso } from './timestamps.ts'

export type FoundCheck = {
  buildId: string
  result: CheckFeaturesResult
  seed: number
  before: string | null
  checkedAt: string
  acceptedBy: string | null
  acceptedReason: string | null
}

export async function findFeatureCheck(
  db: Executor,
  { buildId, engineVersion }: { buildId: string; engineVersion: string },
): Promise<FoundCheck | undefined> {
  const [row] = await db
    .select()
    .from(featureCheck)
    .where(and(eq(featureCheck.buildId, buildId), eq(featureCheck.engineVersion, engineVersion)))
  return row && foundOf(row)
}

/** The newest check of a definition over a dataset, of whichever build. */
export async function findCheckOfDefinition(
  db: Executor,
  { dataset, definitionHash, engineVersion }: { dataset: string; definitionHash: string; engineVersion: string },
): Promise<FoundCheck | undefined> {
  const [row] = await db
    .select()
    .from(featureCheck)
    .where(
      and(
        eq(featureCheck.dataset, dataset),
        eq(featureCheck.definitionHash, definitionHash),
        eq(featureCheck.engineVersion, engineVersion),
      ),
    )
    .orderBy(desc(featureCheck.checkedAt), desc(featureCheck.buildId))
    .limit(1)
  return row && foundOf(row)
}

const foundOf = (row: typeof featureCheck.$inferSelect): FoundCheck => ({
  buildId: row.buildId,
  result: { report: row.report, verdict: row.verdict, reasons: row.reasons },
  seed: row.seed,
  before: row.before,
  checkedAt: iso(row.checkedAt),
  acceptedBy: row.acceptedBy,
  acceptedReason: row.acceptedReason,
})
