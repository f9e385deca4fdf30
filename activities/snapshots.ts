/** Reading snapshots back: for features, traces and whoever else needs bars. */
export { type LaterBars, openSnapshot, type SnapshotBars } from './snapshots/open-snapshot.ts'
export { revisedSessions } from './snapshots/revised-sessions.ts'
export { besideIdentity } from './snapshots/beside-bars.ts'
export { optionalColumnsOf } from './snapshots/optional-columns.ts'
export { qlibFiles } from './snapshots/qlib-files.ts'
export { calendarOfDataset } from './snapshots/calendar-of-dataset.ts'
export { openSnapshotKnownAt } from './snapshots/open-known-at.ts'
