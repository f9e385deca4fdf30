import type { Executor } from '../client.ts'
import { fetchedPage } from '../schema.ts'

/** A raw answer of a vendor, once a sync and page: of two tries at once the first to land is kept. */
export async function keepFetchedPage(db: Executor, page: Omit<typeof fetchedPage.$inferInsert, 'fetchedAt'>): Promise<void> {
  await db.insert(fetchedPage).values(page).onConflictDoNothing()
}
