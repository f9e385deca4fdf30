import { and, asc, desc, eq, gt } from 'drizzle-orm'
import type { EndpointEvent } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { endpointEvent } from '../schema.ts'
import type { Reading } from './event-sequence.ts'
import { iso } from './timestamps.ts'

/** What happened on an endpoint after a sequence, in the order in which it was written. An endpoint has no last event. */
export async function readEndpointEvents(db: Executor, endpoint: string, after: number, limit: number): Promise<Reading<EndpointEvent>> {
  const rows = await db
    .select()
    .from(endpointEvent)
    .where(and(eq(endpointEvent.endpoint, endpoint), gt(endpointEvent.sequence, after)))
    .orderBy(asc(endpointEvent.sequence))
    .limit(limit)
  return { events: rows.map(eventOf), ended: false }
}

export async function newestEndpointEvent(db: Executor, endpoint: string): Promise<number> {
  const [newest] = await db
    .select({ sequence: endpointEvent.sequence })
    .from(endpointEvent)
    .where(eq(endpointEvent.endpoint, endpoint))
    .orderBy(desc(endpointEvent.sequence))
    .limit(1)
  return newest?.sequence ?? 0
}

const eventOf = ({ key: _, ...row }: typeof endpointEvent.$inferSelect): EndpointEvent => ({ ...row, at: iso(row.at) })
