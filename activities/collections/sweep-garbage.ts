/**
 * Removes what a plan found, some at a time. Each batch is looked at again under a lock that lets nobody write down a name
 * meanwhile: what was named since, or stored again, stays. Killed anywhere it leaves only garbage behind, and may go on.
 */
import type { CollectInput, GarbageObject, GarbagePlan, Tally } from '#contracts/collections.ts'
import { collectionAlone } from '#db/commands/collection-lock.ts'
import { collectSnapshots } from '#db/commands/collect-snapshots.ts'
import { forgetShards } from '#db/commands/forget-shards.ts'
import { readNamedKeys } from '#db/queries/garbage.ts'
import { type CollectionWorld, isReached, keptSince, type Terms } from './mark-garbage.ts'
import { Reach } from './reach.ts'

/** Landings wait for a batch: a fraction of a second. */
const batchSize = 200
const atOnce = 16

export type Sweep = { collectionId: CollectInput['collectionId']; by: string; terms: Terms; plan: GarbagePlan; removed: Tally }

/** `removed` is what an earlier try has told; `tell` hears of each batch. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function sweepGarbage(
  world: CollectionWorld,
  { collectionId, by, terms, plan, removed }: Sweep,
  cancelled: AbortSignal,
  tell: (removed: Tally) => Promise<void>,
): Promise<Tally> {
  const since = keptSince(world.clock(), terms)
  const collected = await collectSnapshots(world.db, { collectionId, by, since, snapshots: plan.snapshots })
  let tally = { ...removed, snapshots: removed.snapshots + collected.length }
  await tell(tally)
  const reach = new Reach(world.objects)
  for (let from = 0; from < plan.objects.length; from += batchSize) {
    cancelled.throwIfAborted()
    const gone = await sweepBatch(world, reach, plan.objects.slice(from, from + batchSize), cancelled)
    tally = { ...tally, objects: tally.objects + gone.length, bytes: tally.bytes + gone.reduce((sum, { bytes }) => sum + bytes, 0) }
    await tell(tally)
  }
  return tally
}

async function sweepBatch(
  { db, objects }: CollectionWorld,
  reach: Reach,
  batch: readonly GarbageObject[],
  cancelled: AbortSignal,
): Promise<GarbageObject[]> {
  return await db.transaction(async (tx) => {
    await collectionAlone(tx)
    const reached = await reach.from(await readNamedKeys(tx), { strict: true, cancelled })
    const going = batch.filter(({ key }) => !isReached(key, reached))
    await forgetShards(
      tx,
      going.map(({ key }) => key),
    )
    const gone: GarbageObject[] = []
    for (let at = 0; at < going.length; at += atOnce)
      await Promise.all(
        going.slice(at, at + atOnce).map(async (object) => {
          const found = await objects.find(object.key)
          // stored again since it was found: somebody is about to name it
          if (found === undefined || found.modifiedAt !== object.modifiedAt) return
          await objects.remove(object.key)
          gone.push(object)
        }),
      )
    return gone
  })
}
