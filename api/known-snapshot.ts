import { QuantloopError } from '#contracts/errors.ts'
import { snapshotKnownAt } from '#db/queries/snapshot-known-at.ts'
import type { AppDependencies } from './dependencies.ts'
import { snapshotFor } from './snapshot-for.ts'

type Wanted = { dataset: string; snapshotId?: string | undefined; asOf?: string | undefined }

/** `asOf` in UTC, as ids and rows have it. */
export type KnownSnapshot = { snapshotId: string; asOf?: string }

/**
 * The snapshot that a request reads, and up to when. What is known at a later time is not settled yet, so that only the
 * past can be asked for.
 * @throws QuantloopError not_found | snapshot_not_found | invalid_request
 */
export async function knownSnapshotFor({ db, clock }: Pick<AppDependencies, 'db' | 'clock'>, wanted: Wanted): Promise<KnownSnapshot> {
  if (wanted.asOf === undefined) return { snapshotId: await snapshotFor(db, wanted) }
  const asOf = new Date(wanted.asOf).toISOString()
  if (asOf > clock().toISOString())
    throw new QuantloopError('invalid_request', `asOf ${asOf} lies in the future: what will be known then is not settled`, { asOf })
  // a dataset without any snapshot is told as ever
  const snapshotId = wanted.snapshotId ?? (await snapshotKnownAt(db, wanted.dataset, asOf))
  return { snapshotId: await snapshotFor(db, { ...wanted, snapshotId }), asOf }
}
