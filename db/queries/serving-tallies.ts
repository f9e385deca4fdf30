import { eq } from 'drizzle-orm'
import { latencyBucketsMs } from '#contracts/deployments.ts'
import { type Tally, totalOf } from '#domain/rollout/tally.ts'
import type { Executor } from '../client.ts'
import { servingTally } from '../schema.ts'

/** What was answered for a deployment so far, over all replicas and all their starts. */
export async function readTally(db: Executor, deploymentId: string): Promise<Tally> {
  const rows = await db.select().from(servingTally).where(eq(servingTally.deploymentId, deploymentId)).orderBy(servingTally.incarnation)
  const tallies = rows.map(({ requests, errors, nonFinite, answers, origin, sum, sumOfSquares, latencies }) => ({
    ...{ requests, errors, nonFinite, answers },
    ...{ origin, sum, sumOfSquares, latencies },
  }))
  return totalOf(tallies, latencyBucketsMs.length + 1)
}
