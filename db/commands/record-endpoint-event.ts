import { sql } from 'drizzle-orm'
import type { EndpointEvent } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { endpointEvent } from '../schema.ts'

/** `key` names what happened, the same on every try: `session/2008-06-30`, `alert/decay/2008-06-30`. */
export type Happening = Pick<EndpointEvent, 'endpoint' | 'kind' | 'session' | 'detail'> & { key: string }

/**
 * Tells those who follow the endpoint, once for each key: within the transaction of what happened. Writers of one endpoint
 * wait for each other's commit, so that sequences appear in their order and a follower never passes one by.
 */
export async function recordEndpointEvent(db: Executor, happening: Happening): Promise<void> {
  await db.execute(sql`select pg_advisory_xact_lock(hashtext('endpoint_event'), hashtext(${happening.endpoint}))`)
  await db
    .insert(endpointEvent)
    .values(happening)
    .onConflictDoNothing({ target: [endpointEvent.endpoint, endpointEvent.key] })
}
