import type { ObjectRef } from '#contracts/references.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { assertStored } from '../assert-stored.ts'

/** Of about 200 bytes each: some hundred builds of a few hundred shards. */
const mostSeen = 50_000

/** After this an object is asked for again, in case somebody lost it who is no collection. */
const trustedMs = 3_600_000

/**
 * Objects that this process found in the store. Builds name the same shards day after day, and asking for each takes
 * longer than a day's computation: one that was seen within the hour counts as stored, unless a collection began since.
 */
export class SeenObjects {
  private readonly seen = new RecentlyUsed<{ at: number; collections: number }>(mostSeen)
  private readonly clock: () => number

  constructor(clock: () => number = Date.now) {
    this.clock = clock
  }

  /**
   * For a transaction that keeps collections away. `collections` counts those that ever began, null while one is open.
   * @throws QuantloopError object_missing, naming the first that is not there | unavailable
   */
  async assert(objects: Pick<ObjectStore, 'find'>, refs: readonly ObjectRef[], collections: number | null): Promise<void> {
    const at = this.clock()
    const unseen = refs.filter(({ uri }) => {
      const seen = this.seen.get(uri)
      return seen === undefined || seen.collections !== collections || at - seen.at > trustedMs
    })
    await assertStored(objects, unseen)
    if (collections !== null) for (const { uri } of unseen) this.seen.set(uri, { at, collections })
  }
}
