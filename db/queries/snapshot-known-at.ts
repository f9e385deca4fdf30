import { and, asc, desc, eq, lte } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { headMove, snapshot } from '../schema.ts'

/**
 * What a dataset's history of heads says of a time: the snapshot that was the head then. Before the first landing it is
 * the first, for nothing that landed later may change what is seen of a time. Undefined without any snapshot.
 */
export async function snapshotKnownAt(db: Executor, dataset: string, asOf: string): Promise<string | undefined> {
  const [head] = await db
    .select({ id: headMove.snapshotId })
    .from(headMove)
    .where(and(eq(headMove.dataset, dataset), lte(headMove.at, asOf)))
    .orderBy(desc(headMove.sequence))
    .limit(1)
  if (head !== undefined) return head.id
  const [first] = await db
    .select({ id: snapshot.id })
    .from(snapshot)
    .where(eq(snapshot.dataset, dataset))
    .orderBy(asc(snapshot.createdAt))
    .limit(1)
  return first?.id
}
