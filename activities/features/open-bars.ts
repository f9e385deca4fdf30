import type { FeatureBuild } from '#contracts/features.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { onCalendar } from '#domain/features/calendar-grid.ts'
import { keptSnapshot } from '../kept-snapshot.ts'
import { calendarOfDataset, openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'

/** The rows that a build was computed from, of some symbols: bars on the calendar. @throws QuantloopError snapshot_not_found | object_missing | object_corrupt */
export async function openBars(
  { db, objects }: { db: Database; objects: ObjectStore },
  { snapshotId, dataset, asOf }: FeatureBuild,
  symbols: ReadonlySet<string>,
): Promise<SnapshotBars> {
  const { manifest } = await keptSnapshot(db, { dataset, snapshotId })
  const snapshot = await openSnapshotKnownAt(objects, manifest, asOf ?? undefined, [...symbols])
  const calendar = await calendarOfDataset(objects, snapshot.manifest)
  return { ...snapshot, bars: async (symbol) => onCalendar(await snapshot.bars(symbol), calendar) }
}
