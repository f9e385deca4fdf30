import { and, asc, desc, eq, gt, getTableColumns, sql } from 'drizzle-orm'
import type { Monitor, MonitorKind, MonitorPoint } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { monitor, monitorPoint } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Page = { limit: number; after?: string | undefined }
type Filter = Page & { endpoint?: string | undefined; kind?: MonitorKind | undefined }

/** Newest first, each with its last point. */
export async function listMonitors(db: Executor, { limit, after, endpoint, kind }: Filter) {
  const last = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await withLastPoint(db)
    .where(
      and(
        endpoint === undefined ? undefined : eq(monitor.endpoint, endpoint),
        kind === undefined ? undefined : eq(monitor.kind, kind),
        last === undefined ? undefined : sql`(${monitor.createdAt}, ${monitor.id}) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
      ),
    )
    .orderBy(desc(monitor.createdAt), desc(monitor.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.createdAt, row.id], monitorOf)
}

export async function findMonitor(db: Executor, id: string): Promise<Monitor | undefined> {
  const [row] = await withLastPoint(db).where(eq(monitor.id, id))
  return row && monitorOf(row)
}

/** What a monitor saw, session by session. The threshold is the monitor's own. */
export async function listMonitorPoints(db: Executor, { id, threshold }: Pick<Monitor, 'id' | 'threshold'>, { limit, after }: Page) {
  const [session] = after === undefined ? [] : decodeCursor(after, [''] as [string])
  const rows = await db
    .select()
    .from(monitorPoint)
    .where(and(eq(monitorPoint.monitorId, id), session === undefined ? undefined : gt(monitorPoint.session, sql`${session}::date`)))
    .orderBy(asc(monitorPoint.session))
    .limit(limit + 1)
  return pageOf(
    rows,
    limit,
    (row) => [row.session],
    ({ session, statistic, fired, detail }): MonitorPoint => ({ session, statistic, threshold, fired, detail }),
  )
}

function withLastPoint(db: Executor) {
  const lastPoint = db
    .selectDistinctOn([monitorPoint.monitorId], {
      monitorId: monitorPoint.monitorId,
      session: monitorPoint.session,
      statistic: monitorPoint.statistic,
    })
    .from(monitorPoint)
    .orderBy(monitorPoint.monitorId, desc(monitorPoint.session))
    .as('last_point')
  return db
    .select({ ...getTableColumns(monitor), session: lastPoint.session, statistic: lastPoint.statistic })
    .from(monitor)
    .leftJoin(lastPoint, eq(lastPoint.monitorId, monitor.id))
    .$dynamic()
}

type MonitorRow = typeof monitor.$inferSelect & { session: string | null; statistic: number | null }

const monitorOf = ({ modelName, modelVersion, ...row }: MonitorRow): Monitor => ({
  ...row,
  model: { name: modelName, version: modelVersion },
  createdAt: iso(row.createdAt),
  endedAt: isoOrNull(row.endedAt),
})
