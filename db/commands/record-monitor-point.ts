import type { MonitorPoint } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { monitorPoint } from '../schema.ts'

/** Insert-if-absent: what a monitor saw at a session stays, also when labels are restated later. */
export async function recordMonitorPoint(db: Executor, monitorId: string, point: Omit<MonitorPoint, 'threshold'>): Promise<void> {
  await db
    .insert(monitorPoint)
    .values({ monitorId, ...point })
    .onConflictDoNothing({ target: [monitorPoint.monitorId, monitorPoint.session] })
}
