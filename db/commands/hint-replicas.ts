import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

/** Replicas listen here: a hint that saves them the wait until their next look. */
export const replicasChannel = 'quantloop_replicas'

/** `about` is the endpoint whose routes changed, or the dataset that has new feature rows. Heard when the transaction commits. */
export async function hintReplicas(tx: Executor, about: string): Promise<void> {
  await tx.execute(sql`select pg_notify(${replicasChannel}, ${about})`)
}
