import { and, asc, eq, gte, lte, sql } from 'drizzle-orm'
import type { SessionScore } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { sessionScore } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'

type Filter = {
  limit: number
  after?: string | undefined
  endpoint: string
  forecaster?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

/** By session, then forecaster, from the first. */
export async function listSessionScores(db: Executor, { limit, after, endpoint, forecaster, from, to }: Filter) {
  const last = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(sessionScore)
    .where(
      and(
        eq(sessionScore.endpoint, endpoint),
        forecaster === undefined ? undefined : eq(sessionScore.forecaster, forecaster),
        from === undefined ? undefined : gte(sessionScore.session, from),
        to === undefined ? undefined : lte(sessionScore.session, to),
        last === undefined ? undefined : sql`(${sessionScore.session}, ${sessionScore.forecaster}) > (${last[0]}::date, ${last[1]})`,
      ),
    )
    .orderBy(asc(sessionScore.session), asc(sessionScore.forecaster))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.session, row.forecaster], scoreOf)
}

const scoreOf = ({ session, forecaster, loss, bias, rows }: typeof sessionScore.$inferSelect): SessionScore => ({
  session,
  forecaster,
  loss,
  bias,
  rows,
})
