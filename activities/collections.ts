import { type CollectInput, type CollectResult, GarbagePlan, type Tally } from '#contracts/collections.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { closeCollection, openCollection, recordCollection } from '#db/commands/record-collection.ts'
import { findCollection } from '#db/queries/collections.ts'
import { putJson } from '#storage/put-json.ts'
import { type CollectionWorld, markGarbage } from './collections/mark-garbage.ts'
import { sweepGarbage } from './collections/sweep-garbage.ts'
import { interruptible } from './interruptible.ts'

const nothing: Tally = { objects: 0, bytes: 0, snapshots: 0 }

/** The steps of `collectGarbage`. Each may run again; what one has removed stays removed. */
export const createCollectionActivities = (world: CollectionWorld) => ({
  openCollection: (input: CollectInput): Promise<void> => openCollection(world.db, input),

  /** What may go, as an object. */
  markGarbage: (input: CollectInput): Promise<ObjectRef> =>
    interruptible(async (cancelled) => {
      const plan = await markGarbage(world, input, cancelled)
      const ref = await putJson(world.objects, plan)
      const found = {
        objects: plan.objects.length,
        bytes: plan.objects.reduce((sum, { bytes }) => sum + bytes, 0),
        snapshots: plan.snapshots.length,
      }
      await recordCollection(world.db, input.collectionId, { plan: ref, scanned: plan.scanned, found })
      return ref
    }),

  sweepGarbage: ({ input, plan: ref }: { input: CollectInput; plan: ObjectRef }): Promise<Tally> =>
    interruptible(async (cancelled) => {
      const { collectionId, origin } = input
      const plan = GarbagePlan.parse(JSON.parse(new TextDecoder().decode(await world.objects.get(ref))))
      const removed = (await findCollection(world.db, collectionId))?.removed ?? nothing
      return await sweepGarbage(world, { collectionId, by: origin.by, terms: input, plan, removed }, cancelled, (tally) =>
        recordCollection(world.db, collectionId, { removed: tally }),
      )
    }),

  async closeCollection({
    collectionId,
    state,
    failure,
  }: {
    collectionId: string
    state: 'done' | 'failed' | 'stopped'
    failure: string | null
  }): Promise<CollectResult> {
    await closeCollection(world.db, collectionId, { state, failure })
    const row = await findCollection(world.db, collectionId)
    if (row === undefined) throw new QuantloopError('not_found', `there is no collection ${collectionId}`, { collection: collectionId })
    return { collectionId, state: row.state, found: row.found ?? nothing, removed: row.removed ?? nothing }
  },
})

export type CollectionActivities = ReturnType<typeof createCollectionActivities>
