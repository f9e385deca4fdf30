import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

export type ForecastValue = { forecaster: string; symbol: string; session: string; value: number }

/** Insert-if-absent: what was said of a session is not said again. */
export async function recordForecasts(
  db: Executor,
  { endpoint, buildId }: { endpoint: string; buildId: string },
  forecasts: readonly ForecastValue[],
): Promise<void> {
  if (forecasts.length === 0) return
  await db.execute(sql`
    insert into forecast (endpoint, forecaster, symbol, session, value, build_id)
    select ${endpoint}, forecaster, symbol, session, value, ${buildId}
    from json_to_recordset(${JSON.stringify(forecasts)}::json) as said (forecaster text, symbol text, session date, value float8)
    on conflict do nothing`)
}
