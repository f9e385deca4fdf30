import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { Command } from '#contracts/commands.ts'
import type { Database } from '#db/client.ts'
import { type DatasetRollback, rollBackDataset } from '#db/commands/roll-back-dataset.ts'
import { listOnlineBuilds } from '#db/queries/online-features.ts'
import { referenceOf } from '#domain/features/feature-sets.ts'
import { sha256 } from '#domain/sha256.ts'
import { requestBuild } from '../features/request-build.ts'
import { nudgeFollowers } from './nudge-followers.ts'

/**
 * Takes a dataset back, and tells those who follow it as when a snapshot lands. What serving answers from is built for
 * the new head at once, whether or not somebody supervises. Doing it again asks again, and changes nothing.
 */
export async function rollBack({ db, client }: { db: Database; client: Client }, order: DatasetRollback, command: Command): Promise<void> {
  await rollBackDataset(db, order, command)
  await nudgeFollowers(db, order.dataset)
  await rebuildOnline({ db, client }, order, command)
}

async function rebuildOnline(
  { db, client }: { db: Database; client: Client },
  { dataset, to }: DatasetRollback,
  { by, commandId }: Command,
): Promise<void> {
  const { info, log } = Context.current()
  const waiter = info.workflowExecution?.workflowId ?? commandId
  for (const { featureSet, label, featureHash } of await listOnlineBuilds(db, dataset))
    try {
      const origin = { by, bodySha256: sha256(`${commandId} ${featureHash}`) }
      const { processors, universe } = featureSet
      const of = { dataset, snapshotId: to, featureSet: referenceOf(featureSet), processors, universe, label }
      await requestBuild(db, client, { ...of, waiter, origin })
    } catch (error) {
      // the head has moved: that stands, and a build can be asked for again
      log.warn('the online features were not asked for anew', { dataset, featureHash, error })
    }
}
