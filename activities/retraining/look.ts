import type { Client } from '@temporalio/client'
import type { BuildResult } from '#contracts/features.ts'
import type { RequestOrigin } from '#contracts/words.ts'
import type { Database } from '#db/client.ts'
import { requestBuild } from '../features/request-build.ts'
import { type Situation, takeStock } from './take-stock.ts'

/** `waiter` is the id of the workflow that is nudged when a build has ended that was not ready yet. */
export type Asked = { endpoint: string; waiter: string; origin: RequestOrigin }

/** `build` is of the features that forecasts, challengers and monitors read, over the head. */
export type Seen = Situation & { build: BuildResult }

/**
 * What the supervisor of an endpoint acts on. The features of the head are asked for by the way: shared work, joined or
 * started here.
 * @throws QuantloopError not_found | expression_invalid | feature_column_absent
 */
export async function look(world: { db: Database; client: Client }, { endpoint, waiter, origin }: Asked): Promise<Seen> {
  const seen = await takeStock(world, endpoint)
  const { dataset, head, features, served } = seen
  const request = (needed: Situation['features']) =>
    requestBuild(world.db, world.client, { dataset, snapshotId: head.snapshotId, ...needed, waiter, origin })
  // nobody here waits for it: its online rows are for serving
  if (served !== null) await request(served)
  return { ...seen, build: await request(features) }
}
