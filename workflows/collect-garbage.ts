import { proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { CollectionActivities } from '#activities/collections.ts'
import type { CollectInput, CollectResult } from '#contracts/collections.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { onTheSpot } from './on-the-spot.ts'
import { interruptible } from './proxies.ts'

const rows = onTheSpot<CollectionActivities>()
const store = proxyActivities<CollectionActivities>({ ...interruptible, taskQueue: taskQueues.orchestration })

/**
 * Removes from the object store what nothing needs any more: found first, then looked at again as it goes. A dry run ends
 * with what was found. Stopped or killed anywhere, it has removed garbage and nothing else.
 */
export async function collectGarbage(input: CollectInput): Promise<CollectResult> {
  const { collectionId, dryRun, origin } = input
  const run = new DurableRun('collection', collectionId)
  run.listen()
  upsertSearchAttributes([{ key: searchAttributeKey('TriggeredBy'), value: origin.by }])

  return await run.live<CollectResult>({
    open: () => rows.openCollection(input),
    story: async () => {
      const plan = await run.pausable('mark', () => store.markGarbage(input))
      if (!dryRun) await run.pausable('sweep', () => store.sweepGarbage({ input, plan }))
      return await run.conclude('close', () => rows.closeCollection({ collectionId, state: 'done', failure: null }))
    },
    stopped: (by) => rows.closeCollection({ collectionId, state: 'stopped', failure: `stopped by ${by}` }),
    failed: (reason) => rows.closeCollection({ collectionId, state: 'failed', failure: reason }),
  })
}
