import { and, eq } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { modelVersion, retrain } from '../schema.ts'
import { recordEndpointEvent } from './record-endpoint-event.ts'

/** The version that the training run has registered challenges the champion from now on. Again, it changes nothing. */
export async function openChallenge(db: Database, retrainId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [registered] = await tx
      .select({ name: modelVersion.name, version: modelVersion.version })
      .from(retrain)
      .innerJoin(modelVersion, eq(modelVersion.runId, retrain.runId))
      .where(eq(retrain.id, retrainId))
    if (registered === undefined) return
    const [moved] = await tx
      .update(retrain)
      .set({ state: 'challenging', challengerName: registered.name, challengerVersion: registered.version })
      .where(and(eq(retrain.id, retrainId), eq(retrain.state, 'training')))
      .returning()
    if (moved === undefined) return
    const { endpoint, session, runId } = moved
    const detail = { retrainId, runId, model: registered }
    await recordEndpointEvent(tx, { endpoint, key: `challenger/${retrainId}`, kind: 'challenger', session, detail })
  })
}
