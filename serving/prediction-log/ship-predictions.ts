import type { Logger } from 'pino'
import type { Database } from '#db/client.ts'
import { recordPredictions } from '#db/commands/record-predictions.ts'
import { holdReplicaFolder, replicaFolders } from './replica-folder.ts'
import type { PredictionLog } from './prediction-log.ts'
import { listSegments, readSegment } from './segment.ts'

/** Brings what was logged into PostgreSQL and forgets it here. Shipping twice is harmless: every record has its id. */
export async function shipPredictions(db: Database, log: PredictionLog): Promise<number> {
  // while an older segment waits, the one under way may grow
  if (log.segments.length === 0) await log.seal()
  let shipped = 0
  for (const path of log.segments) {
    const records = await readSegment(path)
    await recordPredictions(db, records)
    await log.remove(path)
    shipped += records.length
  }
  return shipped
}

/** Ships and removes the folders of replicas that died; those of live ones are locked. */
export async function adoptFolders(db: Database, root: string, logger: Logger): Promise<number> {
  let shipped = 0
  for (const name of await replicaFolders(root)) {
    const folder = await holdReplicaFolder(root, name)
    if (folder === undefined) continue
    try {
      let records = 0
      for (const { path } of await listSegments(folder.path)) {
        const found = await readSegment(path)
        await recordPredictions(db, found)
        records += found.length
      }
      await folder.remove()
      logger.info({ folder: name, records }, 'adopted the prediction log of a replica that is gone')
      shipped += records
    } catch (error) {
      await folder.release()
      throw error
    }
  }
  return shipped
}
