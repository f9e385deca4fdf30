import { and, eq, isNull, sql } from 'drizzle-orm'
import type { CollectInput, Tally } from '#contracts/collections.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { collection } from '../schema.ts'

/** The first row of a collection. Opening again changes nothing. */
export async function openCollection(db: Executor, { collectionId, dryRun, graceHours, keepDays, origin }: CollectInput): Promise<void> {
  await db
    .insert(collection)
    .values({
      id: collectionId,
      dryRun,
      graceHours,
      keepDays,
      state: 'running',
      requestedBy: origin.by,
      idempotencyKey: origin.idempotencyKey ?? null,
      bodySha256: origin.bodySha256,
    })
    .onConflictDoNothing()
}

/** What was found, or removed so far. */
export async function recordCollection(
  db: Executor,
  id: string,
  facts: { plan: ObjectRef; scanned: Tally; found: Tally } | { removed: Tally },
): Promise<void> {
  await db
    .update(collection)
    .set(facts)
    .where(and(eq(collection.id, id), isNull(collection.endedAt)))
}

/** Ends a collection. One that has ended keeps its first end. */
export async function closeCollection(
  db: Executor,
  id: string,
  end: { state: 'done' | 'failed' | 'stopped'; failure: string | null },
): Promise<void> {
  await db
    .update(collection)
    .set({ ...end, pausedBy: null, endedAt: sql`now()` })
    .where(and(eq(collection.id, id), isNull(collection.endedAt)))
}
