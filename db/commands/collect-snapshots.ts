import { and, eq, or, sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { listUnneededSnapshots, type UnneededSnapshot } from '../queries/garbage.ts'
import { audit, snapshot } from '../schema.ts'
import { collectionAlone } from './collection-lock.ts'

type Named = Pick<UnneededSnapshot, 'dataset' | 'id'>

/**
 * Says of snapshots that nothing needs that their content is gone, before any of it goes. Their rows are locked first and
 * looked at again in a statement after: whoever began to need one meanwhile held its row, and is seen. Answers those that
 * it collected; one that was before is no fault.
 */
export async function collectSnapshots(
  db: Database,
  { collectionId, by, since, snapshots }: { collectionId: string; by: string; since: string; snapshots: readonly Named[] },
): Promise<Named[]> {
  if (snapshots.length === 0) return []
  return await db.transaction(async (tx) => {
    await collectionAlone(tx)
    const which = or(...snapshots.map(({ dataset, id }) => and(eq(snapshot.dataset, dataset), eq(snapshot.id, id))))
    await tx.select({ id: snapshot.id }).from(snapshot).where(which).orderBy(snapshot.dataset, snapshot.id).for('update')
    const asked = new Set(snapshots.map(nameOf))
    const unneeded = (await listUnneededSnapshots(tx, since)).filter((each) => asked.has(nameOf(each)))
    for (const { dataset, id } of unneeded) {
      await tx
        .update(snapshot)
        .set({ collectedAt: sql`now()` })
        .where(and(eq(snapshot.dataset, dataset), eq(snapshot.id, id)))
      await tx
        .insert(audit)
        .values({ by, action: 'collect', subject: `snapshot/${dataset}/${id}`, commandId: collectionId })
        .onConflictDoNothing()
    }
    return unneeded.map(({ dataset, id }) => ({ dataset, id }))
  })
}

const nameOf = ({ dataset, id }: Named) => `${dataset}/${id}`
