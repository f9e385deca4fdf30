import type { SnapshotManifest } from '#contracts/datasets.ts'
import { calendarOf } from '#domain/calendar/calendars.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readOwnSessions } from './beside-bars.ts'

/**
 * The sessions of a dataset's calendar, ascending: those of its exchange in all years that are known of it, or its
 * source's own. Where nobody has named an exchange it is XNYS, as in the snapshot's identity.
 * @throws QuantloopError object_missing | object_corrupt | unavailable
 */
export async function calendarOfDataset(objects: ObjectStore, { beside }: SnapshotManifest): Promise<readonly string[]> {
  return (
    (await readOwnSessions(objects, beside)) ?? calendarOf(beside?.calendar.kind === 'exchange' ? beside.calendar.name : 'XNYS').sessions
  )
}
