import { and, eq, inArray, sql } from 'drizzle-orm'
import type { BuildInput } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '../client.ts'
import { servesOnline } from '../queries/online-features.ts'
import { featureBuild } from '../schema.ts'
import { lockSnapshot } from './hold-snapshot.ts'

/**
 * The build's row: inserted when absent, and opened again when an earlier attempt failed or was stopped. Answers the
 * manifest when there is nothing left to do: the build is ready, and so are the dataset's online rows.
 */
export async function openFeatureBuild(db: Database, input: BuildInput): Promise<ObjectRef | null> {
  const request = {
    requestedBy: input.origin.by,
    idempotencyKey: input.origin.idempotencyKey ?? null,
    bodySha256: input.origin.bodySha256,
  }
  return await db.transaction(async (tx) => {
    // one that is not there is told by the plan
    await lockSnapshot(tx, { dataset: input.dataset, id: input.snapshotId })
    await tx
      .insert(featureBuild)
      .values({
        id: input.buildId,
        definitionHash: input.definitionHash,
        snapshotId: input.snapshotId,
        asOf: input.asOf ?? null,
        dataset: input.dataset,
        featureSet: input.featureSet,
        label: input.label,
        state: 'running',
        ...request,
      })
      .onConflictDoNothing()
    const reopened = { state: 'running' as const, step: '', journalSequence: 0, pausedBy: null, pausedMs: 0, failure: null, endedAt: null }
    await tx
      .update(featureBuild)
      .set({ ...reopened, ...request, startedAt: sql`now()` })
      .where(and(eq(featureBuild.id, input.buildId), inArray(featureBuild.state, ['failed', 'stopped'])))
    const [row] = await tx.select().from(featureBuild).where(eq(featureBuild.id, input.buildId))
    if (row?.state !== 'ready' || row.featureHash === null) return null
    // a build of what was known earlier has no online rows
    if (input.asOf !== undefined) return row.manifest
    const online = await servesOnline(tx, { dataset: input.dataset, featureHash: row.featureHash }, input.snapshotId)
    return online ? row.manifest : null
  })
}
