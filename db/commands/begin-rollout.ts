import { and, eq } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { retrain } from '../schema.ts'

/** The challenger is being rolled out by this deployment, for its verdict was `better`. Again, it changes nothing. */
export async function beginRollout(db: Database, { retrainId, deploymentId }: { retrainId: string; deploymentId: string }): Promise<void> {
  await db
    .update(retrain)
    .set({ state: 'rolling-out', deploymentId })
    .where(and(eq(retrain.id, retrainId), eq(retrain.state, 'challenging'), eq(retrain.verdict, 'better')))
}
