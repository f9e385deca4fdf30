/**
 * Finds what may go. The store is listed first and the rows are read after it, so that what is named meanwhile is found to
 * be named; what is stored meanwhile is not in the list. Nothing is garbage that is younger than the grace period, or than
 * the oldest work under way, which may have stored objects that no row names yet.
 */
import type { CollectInput, GarbageObject, GarbagePlan, GarbageReason } from '#contracts/collections.ts'
import type { Database } from '#db/client.ts'
import { listUnneededSnapshots, oldestOpenWork, readNamedKeys, readRememberedKeys, type UnneededSnapshot } from '#db/queries/garbage.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import type { ObjectStore, StoredObject } from '#storage/object-store.ts'
import { Reach } from './reach.ts'

export type CollectionWorld = { db: Database; objects: ObjectStore; clock: () => Date }
export type Terms = Pick<CollectInput, 'graceHours' | 'keepDays'>

/** The store's clock and PostgreSQL's need not agree. */
const clocksDifferMs = 3_600_000

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function markGarbage({ db, objects, clock }: CollectionWorld, terms: Terms, cancelled: AbortSignal): Promise<GarbagePlan> {
  const olderThan = await horizon(db, clock(), terms)
  const old: StoredObject[] = []
  const scanned = { objects: 0, bytes: 0, snapshots: 0 }
  for (const prefix of ['objects/', 'uploads/'] as const)
    for await (const object of objects.list(prefix)) {
      cancelled.throwIfAborted()
      scanned.objects++
      scanned.bytes += object.bytes
      if (object.modifiedAt < olderThan) old.push(object)
    }
  const snapshots = await listUnneededSnapshots(db, keptSince(clock(), terms))
  const reach = new Reach(objects)
  const reached = await reach.from(await readNamedKeys(db, snapshots), { strict: true, cancelled })
  const why = await reasons(db, reach, snapshots, cancelled)
  const garbage: GarbageObject[] = old
    .filter(({ key }) => !isReached(key, reached))
    .map((object) => ({ ...object, reason: why(object.key) }))
  return { format: 1, olderThan, scanned: { ...scanned, snapshots: snapshots.length }, snapshots, objects: garbage }
}

/** Snapshots that were a head since then are history. */
export const keptSince = (now: Date, { keepDays }: Terms) => new Date(now.getTime() - keepDays * 86_400_000).toISOString()

/** An upload is named by its first two parts, whatever lies below. */
export const isReached = (key: string, reached: ReadonlySet<string>) =>
  reached.has(key) || (key.startsWith('uploads/') && reached.has(key.split('/').slice(0, 2).join('/')))

async function horizon(db: Database, now: Date, { graceHours }: Terms): Promise<string> {
  const graced = now.getTime() - graceHours * 3_600_000
  const begun = await oldestOpenWork(db)
  return new Date(begun === undefined ? graced : Math.min(graced, Date.parse(begun) - clocksDifferMs)).toISOString()
}

/** What an object was for, as far as something still remembers it. */
async function reasons(
  db: Database,
  reach: Reach,
  snapshots: readonly UnneededSnapshot[],
  cancelled: AbortSignal,
): Promise<(key: string) => GarbageReason> {
  const { checkpoints, cached } = await readRememberedKeys(db)
  const manifests: string[] = []
  for (const { dataset, id } of snapshots) manifests.push((await findSnapshot(db, id, dataset))!.manifest.uri)
  const ofSnapshots = await reach.from(manifests, { strict: false, cancelled })
  const ofFits = await reach.from(checkpoints, { strict: false, cancelled })
  const ofCache = new Set(cached)
  return (key) => {
    if (key.startsWith('uploads/')) return 'unused-upload'
    if (ofSnapshots.has(key)) return 'old-snapshot'
    if (ofFits.has(key)) return 'finished-fit'
    return ofCache.has(key) ? 'lost-cache' : 'named-by-nothing'
  }
}
