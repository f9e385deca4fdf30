import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { lockSupervision } from '../queries/standing-panel.ts'
import { monitor } from '../schema.ts'

type Champion = { endpoint: string; model: { name: string; version: number }; after: string }
type Calibrated = Pick<typeof monitor.$inferInsert, 'kind' | 'threshold' | 'calibration'>

/**
 * The champion's monitors, once for each session that it became champion at; those of any other version, or of an
 * earlier reign, end.
 * @throws QuantloopError conflict when another version is champion by now
 */
export async function openMonitorsOf(db: Database, { endpoint, model, after }: Champion, monitors: readonly Calibrated[]): Promise<void> {
  await db.transaction(async (tx) => {
    // whoever watches sessions holds this row: monitors change between two sessions only
    const row = await lockSupervision(tx, endpoint)
    if (row?.championName !== model.name || row.championVersion !== model.version)
      throw new QuantloopError('conflict', `${model.name}@${model.version} is not the champion of ${endpoint}: its monitors stay closed`)
    await tx
      .insert(monitor)
      .values(monitors.map((each) => ({ id: uuidv7(), endpoint, modelName: model.name, modelVersion: model.version, after, ...each })))
      // champion again without a session in between
      .onConflictDoUpdate({
        target: [monitor.endpoint, monitor.kind, monitor.modelName, monitor.modelVersion, monitor.after],
        set: { endedAt: null },
      })
    await tx
      .update(monitor)
      .set({ endedAt: sql`now()` })
      .where(
        and(
          eq(monitor.endpoint, endpoint),
          isNull(monitor.endedAt),
          or(ne(monitor.modelName, model.name), ne(monitor.modelVersion, model.version), ne(monitor.after, after)),
        ),
      )
  })
}
