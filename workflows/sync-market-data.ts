import { proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { DatasetActivities } from '#activities/datasets.ts'
import type { SyncInput, SyncResult } from '#contracts/datasets.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { atomic, interruptible } from './proxies.ts'

const rows = proxyActivities<DatasetActivities>(atomic)
const bars = proxyActivities<DatasetActivities>({ ...interruptible, taskQueue: taskQueues.orchestration })

/**
 * Brings a dataset to what its source delivers: import, check, a person's approval of moves that nothing explains, and
 * a new snapshot if the content changed. Whatever fails or is refused, the head stays as it was.
 */
export async function syncMarketData(input: SyncInput): Promise<SyncResult> {
  const { syncId, dataset, connector, origin } = input
  const run = new DurableRun('sync', syncId)
  run.listen()
  upsertSearchAttributes([
    { key: searchAttributeKey('Dataset'), value: dataset },
    { key: searchAttributeKey('TriggeredBy'), value: origin.by },
  ])
  let opened: Awaited<ReturnType<DatasetActivities['openSync']>>

  return await run.live({
    open: async () => (opened = await rows.openSync(input)),
    story: async () => {
      const parent = opened.head?.manifest ?? null
      const { staged } = await run.pausable('import', () => bars.importBars({ syncId, connector, asOf: opened.startedAt }))
      const { examination, held } = await run.pausable('check', () => bars.examineBars({ syncId, staged, parent }))
      if (held > 0) {
        const { verdict, command } = await run.approval('approval')
        if (verdict === 'reject')
          return await run.conclude('reject', () => rows.endSync({ syncId, state: 'rejected', failure: rejection(command) }))
      }
      const manifest = await run.pausable('compose', () => bars.composeSnapshot({ staged, examination, approved: held > 0, parent }))
      return await run.conclude('land', () => rows.landSnapshot({ syncId, manifest, parentId: opened.head?.id ?? null }))
    },
    stopped: (by) => rows.endSync({ syncId, state: 'stopped', failure: `stopped by ${by}` }),
    failed: (reason) => rows.endSync({ syncId, state: 'failed', failure: reason }),
  })
}

const rejection = ({ by, reason }: { by: string; reason?: string | undefined }) =>
  `rejected by ${by}${reason === undefined ? '' : `: ${reason}`}`
