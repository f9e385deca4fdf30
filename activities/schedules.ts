import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { RequestSyncInput, RequestSyncResult } from '#contracts/schedules.ts'
import type { Database } from '#db/client.ts'
import { requestSync } from './schedules/request-sync.ts'

/** What a firing of a schedule does. */
export const createScheduleActivities = ({ db, client }: { db: Database; client: Client }) => ({
  /** The sync's id is the run id of the firing: the same on every try, and new with each firing. */
  requestSync: (input: RequestSyncInput): Promise<RequestSyncResult> =>
    requestSync({ db, client }, input, Context.current().info.workflowExecution!.runId),
})

export type ScheduleActivities = ReturnType<typeof createScheduleActivities>
