import { and, asc, eq, gt } from 'drizzle-orm'
import type { StandingBuild } from '#contracts/standing-builds.ts'
import type { Executor } from '../client.ts'
import { standingBuild } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

/** By id. */
export async function listStandingBuilds(
  db: Executor,
  { dataset, limit, after }: { dataset: string; limit: number; after?: string | undefined },
) {
  const [last] = after === undefined ? [] : decodeCursor(after, [''] as [string])
  const rows = await db
    .select()
    .from(standingBuild)
    .where(and(eq(standingBuild.dataset, dataset), last === undefined ? undefined : gt(standingBuild.definitionHash, last)))
    .orderBy(asc(standingBuild.definitionHash))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.definitionHash], standingBuildOf)
}

export async function findStandingBuild(db: Executor, dataset: string, id: string): Promise<StandingBuild | undefined> {
  const [row] = await db
    .select()
    .from(standingBuild)
    .where(and(eq(standingBuild.dataset, dataset), eq(standingBuild.definitionHash, id)))
  return row && standingBuildOf(row)
}

/** All that follow a dataset: few, for each is a feature set that somebody asked for. */
export async function standingBuildsOf(db: Executor, dataset: string): Promise<StandingBuild[]> {
  const rows = await db.select().from(standingBuild).where(eq(standingBuild.dataset, dataset)).orderBy(asc(standingBuild.definitionHash))
  return rows.map(standingBuildOf)
}

const standingBuildOf = ({ definitionHash: id, createdAt, universe, ...row }: typeof standingBuild.$inferSelect): StandingBuild => ({
  id,
  ...row,
  ...(universe === null ? {} : { universe }),
  createdAt: iso(createdAt),
})
