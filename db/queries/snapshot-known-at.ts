import { and, asc, desc, eq, lte } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { audit, snapshot } from '../schema.ts'

/**
 * What a dataset's history of heads says of a time: the snapshot that was the head then. Before the first landing it is
 * the first, for nothing that landed later may change what is seen of a time. Undefined without any snapshot.
 */
export async function snapshotKnownAt(db: Executor, dataset: string, asOf: string): Promise<string | undefined> {
  const [landed] = await db
    .select({ detail: audit.detail })
    .from(audit)
    .where(and(eq(audit.subject, `dataset/${dataset}`), eq(audit.action, 'land-snapshot'), lte(audit.at, asOf)))
    .orderBy(desc(audit.at), desc(audit.id))
    .limit(1)
  if (typeof landed?.detail.snapshotId === 'string') return landed.detail.snapshotId
  const [first] = await db
    .select({ id: snapshot.id })
    .from(snapshot)
    .where(eq(snapshot.dataset, dataset))
    .orderBy(asc(snapshot.createdAt))
    .limit(1)
  return first?.id
}
