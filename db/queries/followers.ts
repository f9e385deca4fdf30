import { and, eq, isNull } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { supervision } from '../schema.ts'

/** Endpoints whose supervision follows a dataset and has not ended. */
export async function listFollowers(db: Executor, dataset: string): Promise<string[]> {
  const rows = await db
    .select({ endpoint: supervision.endpoint })
    .from(supervision)
    .where(and(eq(supervision.dataset, dataset), isNull(supervision.endedAt)))
    .orderBy(supervision.endpoint)
  return rows.map(({ endpoint }) => endpoint)
}
