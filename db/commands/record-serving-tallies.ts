import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { servingTally } from '../schema.ts'

export type ServingTally = Omit<typeof servingTally.$inferInsert, 'updatedAt'>

/** What one serving process has counted since it started. Counts only rise: a late, older state changes nothing. */
export async function recordServingTallies(db: Executor, tallies: readonly ServingTally[]): Promise<void> {
  if (tallies.length === 0) return
  await db
    .insert(servingTally)
    .values(tallies.map((tally) => ({ ...tally, updatedAt: sql`now()` })))
    .onConflictDoUpdate({
      target: [servingTally.incarnation, servingTally.deploymentId],
      set: {
        requests: sql`excluded.requests`,
        errors: sql`excluded.errors`,
        nonFinite: sql`excluded.non_finite`,
        answers: sql`excluded.answers`,
        origin: sql`excluded.origin`,
        sum: sql`excluded.sum`,
        sumOfSquares: sql`excluded.sum_of_squares`,
        latencies: sql`excluded.latencies`,
        updatedAt: sql`excluded.updated_at`,
      },
      setWhere: sql`excluded.requests >= ${servingTally.requests}`,
    })
}
