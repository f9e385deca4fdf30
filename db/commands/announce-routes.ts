import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

/** Replicas listen here: a hint that saves them the wait until their next look. Sent when the transaction commits. */
export const routesChannel = 'quantloop_routes'

export async function announceRoutes(tx: Executor, endpoint: string): Promise<void> {
  await tx.execute(sql`select pg_notify(${routesChannel}, ${endpoint})`)
}
