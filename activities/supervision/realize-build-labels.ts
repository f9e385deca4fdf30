/**
 * What the labels of a build came to. A label is known when the last bar that it reads has landed. Where bars were
 * restated between the snapshot that was scored last and this build's, the labels that read them are looked at again:
 * those with another value get the next revision, and what was scored by them is scored anew. So are labels whose bars a
 * roll-back withdrew, once bars of those sessions have landed again; until then what they came to stands.
 */
import type { FeatureBuildManifest } from '#contracts/features.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database, Executor } from '#db/client.ts'
import { rememberScoredSnapshot } from '#db/commands/advance-supervision.ts'
import { type LabelOf, type LabelValue, realizeLabels, restateLabels } from '#db/commands/realize-labels.ts'
import { scorePredictions } from '#db/commands/score-predictions.ts'
import { rescoreSessions } from '#db/commands/score-sessions.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { countLabels, lockSupervision, type StandingSupervision } from '#db/queries/standing-panel.ts'
import { reach as reachOf } from '#domain/expressions/reach.ts'
import { readsOtherSymbols } from '#domain/expressions/stages.ts'
import { type ReadLabel, readLabel } from '#domain/features/definitions.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { revisedSessions } from '../snapshots/revised-sessions.ts'
import { type DecodedBuild, firstRowFrom, labelsOf, lastUpTo, type SymbolSlice } from '../features/decoded-build.ts'
import { hasSameLabels, rememberLabels } from './remembered-labels.ts'

/** Sessions back from the last scored one whose scores are looked at again: a halted symbol's labels come late. */
const lateSessions = 60

/**
 * `row` is the supervision as it was just read. False when somebody else has realised labels since then.
 * @throws QuantloopError conflict when the build's label is another than the supervisor's
 */
export async function realizeBuildLabels(
  { db, objects }: { db: Database; objects: ObjectStore },
  row: StandingSupervision,
  build: DecodedBuild,
): Promise<boolean> {
  const { manifest } = build
  const { endpoint, dataset } = row
  const label = readLabel(row.label)
  if (label.text !== manifest.label.expression)
    throw new QuantloopError(
      'conflict',
      `the supervisor of ${endpoint} scores ${label.text}, but the build holds ${manifest.label.expression}`,
    )
  const of: LabelOf = { dataset, expression: label.text, snapshotId: manifest.snapshotId }
  const scored = row.snapshotId === null ? undefined : await findSnapshot(db, row.snapshotId, dataset)
  const restated = await restatedLabels({ db, objects }, row, build, label)

  const done = await db.transaction(async (tx) => {
    const locked = await lockSupervision(tx, endpoint)
    if (locked?.snapshotId !== row.snapshotId) return false
    const known = await countLabels(tx, of)
    const labels = build.slices.flatMap((slice) => newLabels(slice, known.get(slice.symbol)))
    const doubtful = [...restated, ...withdrawnLabels(build, label, scored?.lastSession, known)]
    await realizeLabels(tx, of, labels)
    await restateLabels(tx, of, doubtful)
    await scorePredictions(tx, { endpoint, ...of })
    await rescore(tx, { endpoint, ...of }, manifest, locked.processedThrough, doubtful)
    await rememberScoredSnapshot(tx, endpoint, manifest.snapshotId)
    return true
  })
  if (done) rememberLabels(endpoint, build)
  return done
}

async function restatedLabels(
  { db, objects }: { db: Database; objects: ObjectStore },
  { endpoint, snapshotId, dataset }: StandingSupervision,
  build: DecodedBuild,
  label: ReadLabel,
): Promise<LabelValue[]> {
  const { manifest, slices } = build
  if (snapshotId === null || snapshotId === manifest.snapshotId || hasSameLabels(endpoint, snapshotId, build)) return []
  const [before, after] = await Promise.all([findSnapshot(db, snapshotId, dataset), findSnapshot(db, manifest.snapshotId, dataset)])
  if (before === undefined || after === undefined) return []
  const restated = await revisedSessions(objects, before.manifest, after.manifest)
  // a label across symbols reads the restated sessions of all
  const everywhere = readsOtherSymbols(label.expression) ? [...new Set([...restated.values()].flat())] : undefined
  return slices.flatMap((slice) => labelsThatRead(slice, label, everywhere ?? restated.get(slice.symbol) ?? []))
}

/** Labels that are known, though the snapshot that was scored last ends before the bars that they read. */
function withdrawnLabels(
  { slices }: DecodedBuild,
  { reach }: ReadLabel,
  lastScored: string | undefined,
  known: ReadonlyMap<string, { last: string }>,
): LabelValue[] {
  if (lastScored === undefined) return []
  const day = dayOf(lastScored)!
  return slices.flatMap((slice) => {
    const last = known.get(slice.symbol)?.last ?? ''
    const supported = Math.max(-1, slice.days.findLastIndex((each) => each <= day) - reach)
    const later = {
      ...slice,
      days: slice.days.subarray(supported + 1),
      column: (name: string) => slice.column(name).subarray(supported + 1),
    }
    return labelsOf(later).filter(({ session }) => session <= last)
  })
}

/** The labels of a symbol whose rows, from what the label looks back on to its reach, meet a restated session. */
function labelsThatRead(slice: SymbolSlice, label: ReadLabel, restated: readonly string[]): LabelValue[] {
  if (restated.length === 0) return []
  const { from, recursive } = reachOf(label.expression)
  const values = slice.column('label')
  const reading = new Set<number>()
  for (const session of restated) {
    const row = firstRowFrom(slice.days, session)
    const last = recursive ? values.length - 1 : Math.min(values.length - 1, row - Math.min(0, from))
    for (let each = Math.max(0, row - label.reach); each <= last; each++) if (Number.isFinite(values[each])) reading.add(each)
  }
  return [...reading].map((row) => ({ symbol: slice.symbol, session: sessionOf(slice.days[row]!), value: values[row]! }))
}

/** Those after the last known one; all of them where some are missing in between. */
function newLabels(slice: SymbolSlice, known: { count: number; last: string } | undefined): LabelValue[] {
  const labels = labelsOf(slice)
  if (known === undefined) return labels
  const later = labels.slice(labels.findLastIndex(({ session }) => session <= known.last) + 1)
  return known.count + later.length === labels.length ? later : labels
}

async function rescore(
  tx: Executor,
  of: LabelOf & { endpoint: string },
  { sessions, label }: FeatureBuildManifest,
  processedThrough: string | null,
  doubtful: readonly LabelValue[],
): Promise<void> {
  const scored = processedThrough === null ? -1 : lastUpTo(sessions, processedThrough) - label.reach
  const through = sessions[scored]
  if (through === undefined) return
  const recent = sessions[Math.max(0, scored - lateSessions)]!
  const first = doubtful.reduce((earliest, { session }) => (session < earliest ? session : earliest), recent)
  await rescoreSessions(tx, { ...of, after: sessionOf(dayOf(first)! - 1), through })
}
