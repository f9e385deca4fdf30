import type { SnapshotManifest } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ExamineQualityInput, ExamineQualityResult, QualityReport } from '#contracts/quality.ts'
import type { Database } from '#db/client.ts'
import { keepQualityReport } from '#db/commands/keep-quality-report.ts'
import { findQualityReport, quarantineOfSnapshot, withdrawnOfSnapshot } from '#db/queries/snapshot-quality.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { calendarOf, xnys, xshg } from '#domain/calendar/calendars.ts'
import type { KnownCalendar } from '#domain/quality/expected-sessions.ts'
import { qualityEngineVersion, SnapshotExamination } from '#domain/quality/snapshot-examination.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { openSnapshot } from '../snapshots.ts'

/**
 * The quality report of a snapshot: computed the first time, found afterwards. Doing it twice stores the same object.
 * @throws QuantloopError snapshot_not_found | object_missing | object_corrupt | unavailable
 */
export async function examineSnapshot(
  { db, objects }: { db: Database; objects: ObjectStore },
  { dataset, snapshotId }: ExamineQualityInput,
  cancelled: AbortSignal,
): Promise<ExamineQualityResult> {
  const of = { dataset, snapshotId, engineVersion: qualityEngineVersion }
  const known = await findQualityReport(db, of)
  if (known !== undefined) return { report: known }
  const row = await findSnapshot(db, snapshotId, dataset)
  if (row === undefined)
    throw new QuantloopError('snapshot_not_found', `${dataset} has no snapshot ${snapshotId}`, { dataset, snapshot: snapshotId })

  const snapshot = await openSnapshot(objects, row.manifest)
  const { manifest } = snapshot
  const { knownAtBasis, firstSession, lastSession, clearedJumps } = manifest
  const examination = new SnapshotExamination({
    snapshotId,
    knownAtBasis,
    firstSession,
    lastSession,
    actions: manifest.actions.length,
    clearedJumps,
  })
  for (const symbol of inOrderOfChunks(manifest)) {
    cancelled.throwIfAborted()
    examination.add(await snapshot.bars(symbol), snapshot.actions(symbol))
  }
  const report: QualityReport = examination.report(
    calendarsFor(manifest),
    await quarantineOfSnapshot(db, of),
    await withdrawnOfSnapshot(db, of),
  )
  const object = await putJson(objects, report)
  await keepQualityReport(db, { ...of, report: object })
  return { report: object }
}

/** Symbols that share chunks one after another: then each chunk is decoded once. */
const inOrderOfChunks = ({ chunks }: SnapshotManifest): Set<string> => new Set(chunks.flatMap(({ symbols }) => symbols))

/**
 * The calendar that the dataset was told to keep to; where it was only assumed, its bars tell. That of 24/7 is never
 * guessed: every weekday lies in it.
 */
function calendarsFor({ beside }: SnapshotManifest): KnownCalendar[] {
  if (beside?.calendar.kind === 'own') return []
  return beside?.calendar.basis === 'named' ? [calendarOf(beside.calendar.name)] : [xnys, xshg]
}
