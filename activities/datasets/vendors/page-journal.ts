import type { Database } from '#db/client.ts'
import { keepFetchedPage } from '#db/commands/keep-fetched-page.ts'
import { findFetchedPage } from '#db/queries/fetched-pages.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/**
 * The raw answers of one sync. A page that an earlier try has kept is read from the store and not asked for again, so a
 * kill costs at most the page that was on its way, and one sync never mixes two states of a vendor's page.
 */
export interface PageJournal {
  /** `page` names it the same on every try; `address` is where it comes from, without secrets. */
  read(page: string, address: string, fetch: () => Promise<Uint8Array>): Promise<Uint8Array>
}

export const pageJournal = ({ db, objects }: { db: Database; objects: ObjectStore }, syncId: string): PageJournal => ({
  async read(page, address, fetch) {
    const kept = await findFetchedPage(db, syncId, page)
    if (kept !== undefined) return await objects.get(kept)
    const object = await objects.put(await fetch(), 'json')
    await keepFetchedPage(db, { syncId, page, address, object })
    // of two tries at once both go on with the one that landed
    return await objects.get((await findFetchedPage(db, syncId, page)) ?? object)
  },
})
