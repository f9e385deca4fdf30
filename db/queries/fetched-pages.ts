import { and, asc, eq } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database, Executor } from '../client.ts'
import { fetchedPage } from '../schema.ts'

/** The raw answer that a sync has kept of a page. */
export async function findFetchedPage(db: Database, syncId: string, page: string): Promise<ObjectRef | undefined> {
  const [found] = await db
    .select({ object: fetchedPage.object })
    .from(fetchedPage)
    .where(and(eq(fetchedPage.syncId, syncId), eq(fetchedPage.page, page)))
  return found?.object
}

export type FetchedPage = { page: string; address: string; object: ObjectRef }

/** Every raw answer that a sync was made of, in the order of their names. */
export async function listFetchedPages(db: Executor, syncId: string): Promise<FetchedPage[]> {
  return await db
    .select({ page: fetchedPage.page, address: fetchedPage.address, object: fetchedPage.object })
    .from(fetchedPage)
    .where(eq(fetchedPage.syncId, syncId))
    .orderBy(asc(fetchedPage.page))
}
