import { sql } from 'drizzle-orm'
import type { FeatureCheck } from '#contracts/feature-checks.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { featureCheck } from '../schema.ts'

export type CheckedBuild = { dataset: string; check: FeatureCheck; report: ObjectRef }

/** What the newest check of a build found. A person's word on an earlier one does not go over to other findings. */
export async function keepFeatureCheck(db: Executor, { dataset, check, report }: CheckedBuild): Promise<void> {
  const { buildId, engineVersion, definitionHash, verdict, reasons, seed, lookAhead, leakage } = check
  const looksAhead = lookAhead.features.length > 0
  const found = { dataset, definitionHash, verdict, reasons, looksAhead, seed, before: leakage.before, report }
  const sameReasons = sql`${featureCheck.reasons} = excluded.reasons`
  await db
    .insert(featureCheck)
    .values({ buildId, engineVersion, ...found })
    .onConflictDoUpdate({
      target: [featureCheck.buildId, featureCheck.engineVersion],
      set: {
        ...found,
        checkedAt: sql`now()`,
        acceptedBy: sql`case when ${sameReasons} then ${featureCheck.acceptedBy} end`,
        acceptedReason: sql`case when ${sameReasons} then ${featureCheck.acceptedReason} end`,
      },
    })
}
