import { proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { ScheduleActivities } from '#activities/schedules.ts'
import type { RequestSyncInput, RequestSyncResult } from '#contracts/schedules.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { atomic } from './proxies.ts'

const { requestSync: request } = proxyActivities<ScheduleActivities>({ ...atomic, summary: 'start the sync, or join the one that runs' })

/** One firing of a schedule: the sync is shared work under its own id, and goes on by itself. */
export async function requestSync(input: RequestSyncInput): Promise<RequestSyncResult> {
  upsertSearchAttributes([
    { key: searchAttributeKey('Dataset'), value: input.dataset },
    { key: searchAttributeKey('TriggeredBy'), value: `schedule:${input.schedule}` },
  ])
  return await request(input)
}
