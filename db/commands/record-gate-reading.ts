import { and, eq, sql } from 'drizzle-orm'
import type { GateReading } from '#contracts/deployments.ts'
import type { Database } from '../client.ts'
import { deployment } from '../schema.ts'

/** Appends what the gates said, once a step: a repeat changes nothing. */
export async function recordGateReading(db: Database, deploymentId: string, reading: GateReading): Promise<void> {
  await db
    .update(deployment)
    .set({ gates: sql`${deployment.gates} || ${JSON.stringify([reading])}::jsonb` })
    .where(and(eq(deployment.id, deploymentId), sql`not ${deployment.gates} @> ${JSON.stringify([{ step: reading.step }])}::jsonb`))
}
