import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

const collectionLock = 7_183_501_246

/**
 * For a transaction that writes down the names of objects: once it holds this lock it looks whether they are there, and
 * none is removed before it has committed. Collections take turns with all of those.
 */
export async function withoutCollection(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${collectionLock})`)
}

/** For the transaction that removes objects: what is named now is seen by it, and nobody names anything meanwhile. */
export async function collectionAlone(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${collectionLock})`)
}
