/** What the session-by-session work of a supervisor reads: its row, the retrain in flight, monitors, forecasts, scores. */
import { and, asc, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { endpointEvent, monitor, monitorPoint, realizedLabel, sessionScore, supervision } from '../schema.ts'

export type StandingSupervision = typeof supervision.$inferSelect

export async function readSupervision(db: Executor, endpoint: string): Promise<StandingSupervision | undefined> {
  const [row] = await db.select().from(supervision).where(eq(supervision.endpoint, endpoint))
  return row
}

/** For the rest of the transaction nobody else works on this endpoint's sessions. */
export async function lockSupervision(db: Executor, endpoint: string): Promise<StandingSupervision | undefined> {
  const [row] = await db.select().from(supervision).where(eq(supervision.endpoint, endpoint)).for('update')
  return row
}

export type OpenMonitor = typeof monitor.$inferSelect & {
  last: { session: string; fired: boolean; detail: Record<string, unknown> } | null
}

/** The monitors of an endpoint that have not ended, each with its last point, decay first. */
export async function readOpenMonitors(db: Executor, endpoint: string): Promise<OpenMonitor[]> {
  const rows = await db
    .select()
    .from(monitor)
    .where(and(eq(monitor.endpoint, endpoint), isNull(monitor.endedAt)))
    .orderBy(sql`${monitor.kind} desc`, asc(monitor.id))
  if (rows.length === 0) return []
  const points = await db
    .selectDistinctOn([monitorPoint.monitorId])
    .from(monitorPoint)
    .where(
      inArray(
        monitorPoint.monitorId,
        rows.map(({ id }) => id),
      ),
    )
    .orderBy(monitorPoint.monitorId, sql`${monitorPoint.session} desc`)
  const lastOf = new Map(points.map(({ monitorId, session, fired, detail }) => [monitorId, { session, fired, detail }]))
  return rows.map((row) => ({ ...row, last: lastOf.get(row.id) ?? null }))
}

/** How many labels of each symbol are known. */
export async function countLabels(db: Executor, { dataset, expression }: { dataset: string; expression: string }) {
  const rows = await db
    .select({ symbol: realizedLabel.symbol, count: sql<number>`count(*)::int`, last: sql<string>`max(${realizedLabel.session})::text` })
    .from(realizedLabel)
    .where(and(eq(realizedLabel.dataset, dataset), eq(realizedLabel.expression, expression)))
    .groupBy(realizedLabel.symbol)
  return new Map(rows.map(({ symbol, count, last }) => [symbol, { count, last }]))
}

/** Which of these sessions have no forecast yet, by forecaster: of each only those after its own `after`. */
export async function findUnsaid(
  db: Executor,
  endpoint: string,
  needs: readonly { forecaster: string; after: string }[],
  sessions: readonly string[],
): Promise<{ forecaster: string; session: string }[]> {
  const { rows } = await db.execute<{ forecaster: string; session: string }>(sql`
    select need.forecaster, session.day::text as session
    from json_to_recordset(${JSON.stringify(needs)}::json) as need (forecaster text, after date)
    cross join (select value::date as day from json_array_elements_text(${JSON.stringify(sessions)}::json)) session
    where session.day > need.after and not exists (
      select 1 from forecast said
      where said.endpoint = ${endpoint} and said.session = session.day and said.forecaster = need.forecaster)
    order by session.day`)
  return rows
}

export type Scored = { session: string; loss: number; bias: number; rows: number }

/** A forecaster's session scores, ascending: after one session, and up to another where one is given. */
export async function readScores(
  db: Executor,
  { endpoint, forecaster, after, through }: { endpoint: string; forecaster: string; after: string; through?: string },
): Promise<Scored[]> {
  return await db
    .select({ session: sessionScore.session, loss: sessionScore.loss, bias: sessionScore.bias, rows: sessionScore.rows })
    .from(sessionScore)
    .where(
      and(
        eq(sessionScore.endpoint, endpoint),
        eq(sessionScore.forecaster, forecaster),
        gt(sessionScore.session, after),
        through === undefined ? undefined : lte(sessionScore.session, through),
      ),
    )
    .orderBy(asc(sessionScore.session))
}

/** The losses of one session by forecaster. */
export async function readLosses(db: Executor, endpoint: string, session: string): Promise<Record<string, number>> {
  const rows = await db
    .select({ forecaster: sessionScore.forecaster, loss: sessionScore.loss })
    .from(sessionScore)
    .where(and(eq(sessionScore.endpoint, endpoint), eq(sessionScore.session, session)))
    .orderBy(asc(sessionScore.forecaster))
  return Object.fromEntries(rows.map(({ forecaster, loss }) => [forecaster, loss]))
}

/** The processed session at whose landing the label of `session` became known: `reach` sessions later. */
export async function findLanding(
  db: Executor,
  { endpoint, session, reach }: { endpoint: string; session: string; reach: number },
): Promise<string | undefined> {
  const [row] = await db
    .select({ session: endpointEvent.session })
    .from(endpointEvent)
    .where(and(eq(endpointEvent.endpoint, endpoint), eq(endpointEvent.kind, 'session'), gt(endpointEvent.session, session)))
    .orderBy(asc(endpointEvent.session))
    .offset(reach - 1)
    .limit(1)
  return row?.session ?? undefined
}
