/** How snapshots and what is found in them look to a person. */
import type { Collection } from '#contracts/collections.ts'
import type { Snapshot } from '#contracts/datasets.ts'
import type { BarChange, Comparison, HeadMove, Lineage, SnapshotTag, VerifyResult } from '#contracts/snapshots.ts'
import { facts, figure, moment, short, table } from './output.ts'

const shownChanges = 40
const shownNames = 20

export const describeSnapshot = (snapshot: Snapshot) =>
  facts({
    snapshot: snapshot.id,
    dataset: snapshot.dataset,
    rows: snapshot.rows,
    symbols: snapshot.symbols,
    actions: snapshot.actions,
    'optional columns': snapshot.optionalColumns.length === 0 ? null : snapshot.optionalColumns.join(', '),
    from: snapshot.firstSession,
    to: snapshot.lastSession,
    tags: snapshot.tags.join(', '),
    note: snapshot.note,
    parent: snapshot.parentId,
    made: moment(snapshot.createdAt),
    collected: moment(snapshot.collectedAt),
  })

export const tagColumns = [
  { title: 'tag', value: ({ name }: SnapshotTag) => name },
  { title: 'snapshot', value: ({ snapshotId }: SnapshotTag) => short(snapshotId) },
  { title: 'by', value: ({ taggedBy }: SnapshotTag) => taggedBy },
  { title: 'since', value: ({ taggedAt }: SnapshotTag) => moment(taggedAt) },
]

export const moveColumns = [
  { title: '#', value: ({ sequence }: HeadMove) => sequence, right: true },
  { title: 'snapshot', value: ({ snapshotId }: HeadMove) => short(snapshotId) },
  { title: 'by', value: ({ kind, by }: HeadMove) => (kind === 'land' ? by : `${by}, rolling back`) },
  { title: 'at', value: ({ at }: HeadMove) => moment(at) },
]

export function describeLineage(lineage: Lineage): string {
  const { sync, pages, builds, trainingRuns, modelVersions, predictions, inspections } = lineage
  const part = (title: string, lines: string[]) => (lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)])
  return [
    facts({
      snapshot: lineage.snapshotId,
      of: lineage.dataset,
      tags: lineage.tags.join(', '),
      note: lineage.note,
      parent: lineage.parentId,
      collected: moment(lineage.collectedAt),
    }),
    ...part(
      'came from',
      sync === null
        ? []
        : [`${sync.connector}, sync ${sync.id} by ${sync.requestedBy} at ${moment(sync.startedAt)}, ${sync.quarantined} rows refused`],
    ),
    ...part(
      'raw answers',
      pages.map(({ address, sha256 }) => `${short(sha256)}  ${address}`),
    ),
    ...part(
      'feature builds',
      builds.map(
        ({ id, featureSet, universe, state }) => `${short(id)}  ${featureSet}${universe === null ? '' : ` of ${universe}`}, ${state}`,
      ),
    ),
    ...part(
      'training runs',
      trainingRuns.map(
        ({ id, modelName, modelVersion, state }) => `${id}  ${modelName}${modelVersion === null ? '' : `@${modelVersion}`}, ${state}`,
      ),
    ),
    ...part(
      'model versions',
      modelVersions.map(({ name, version, stage, predictions: said }) => `${name}@${version}  ${stage}, ${said} predictions`),
    ),
    ...part(
      'predictions from its features',
      predictions.map(({ endpoint, count }) => `${endpoint}  ${count}`),
    ),
    ...part(
      'looked into',
      inspections.map(
        ({ id, kind, state, requestedBy, endedAt }) =>
          `${id}  ${kind} by ${requestedBy} at ${moment(endedAt)}${state === 'done' ? '' : `, ${state}`}`,
      ),
    ),
  ].join('\n')
}

export function describeComparison({
  before,
  after,
  bars,
  symbols,
  sessions,
  actions,
  bySymbol,
  changes,
  listed,
  read,
}: Comparison): string {
  const changedActions = [
    ...actions.changed.map(({ before: old, after: now }) => `~ ${now.symbol} ${now.exDate} ${now.kind} ${sizeOf(old)} → ${sizeOf(now)}`),
    ...actions.added.map((action) => `+ ${action.symbol} ${action.exDate} ${action.kind} ${sizeOf(action)}`),
    ...actions.removed.map((action) => `- ${action.symbol} ${action.exDate} ${action.kind} ${sizeOf(action)}`),
  ]
  const all = bars.added + bars.removed + bars.revised
  const shown = changes.slice(0, shownChanges)
  return [
    facts({
      before: `${short(before.snapshotId)}, ${before.rows} rows through ${before.lastSession}`,
      after: `${short(after.snapshotId)}, ${after.rows} rows through ${after.lastSession}`,
      bars: `${bars.added} added, ${bars.removed} removed, ${bars.revised} revised`,
      'symbols added': named(symbols.added),
      'symbols removed': named(symbols.removed),
      'sessions added': named(sessions.added),
      'sessions removed': named(sessions.removed),
      read: `${read.chunks} of ${read.ofChunks} chunks`,
    }),
    ...(bySymbol.length === 0
      ? []
      : [
          '',
          table(bySymbol.slice(0, shownNames), [
            { title: 'symbol', value: ({ symbol }) => symbol },
            { title: 'added', value: ({ added }) => added, right: true },
            { title: 'removed', value: ({ removed }) => removed, right: true },
            { title: 'revised', value: ({ revised }) => revised, right: true },
          ]),
        ]),
    ...(changedActions.length === 0 ? [] : ['', 'corporate actions', ...changedActions.slice(0, shownNames).map((line) => `  ${line}`)]),
    ...(shown.length === 0 ? [] : ['', table(shown, changeColumns)]),
    ...(shown.length === all
      ? []
      : [`${shown.length} of ${all} bars are shown: ${listed.complete ? 'all' : `the first ${listed.most}`} with --json`]),
  ].join('\n')
}

const changeColumns = [
  { title: 'symbol', value: ({ symbol }: BarChange) => symbol },
  { title: 'session', value: ({ session }: BarChange) => session },
  { title: 'what', value: ({ kind }: BarChange) => kind },
  {
    title: 'old → new',
    value: ({ values }: BarChange) =>
      Object.entries(values)
        .map(([column, { before, after }]) => `${column} ${before ?? 'none'} → ${after ?? 'none'}`)
        .join(', '),
  },
]

const named = (names: readonly string[]) =>
  names.length <= shownNames ? names.join(', ') : `${names.slice(0, shownNames).join(', ')} and ${names.length - shownNames} more`

const sizeOf = ({ ratio, cash }: { ratio?: number | undefined; cash?: number | undefined }) => figure(ratio ?? cash) ?? ''

export function describeVerification({ snapshots, objects, bytes, secondCopy, copied }: VerifyResult): string {
  const damaged = snapshots.filter(({ damage }) => damage.length > 0)
  return [
    facts({
      snapshots: snapshots.length,
      sound: snapshots.filter(({ sound }) => sound).length,
      read: `${objects} objects, ${megabytes(bytes)}`,
      'second copy': secondCopy
        ? copied === 0
          ? 'there'
          : `there, ${copied} objects were copied to it`
        : 'none: see objectStore.mirrorDir',
    }),
    ...damaged.flatMap(({ dataset, snapshotId, damage }) => [
      `${dataset} ${short(snapshotId)}`,
      ...damage.map(
        ({ what, name, fault, symbols, repaired }) =>
          `  ${repaired ? '✔' : '✘'} ${what} ${name}: ${fault}${repaired ? ', repaired' : ''}${symbols.length === 0 ? '' : ` (${named(symbols)})`}`,
      ),
    ]),
  ].join('\n')
}

export function describeCollection({ id, state, dryRun, scanned, found, removed, failure, graceHours, keepDays }: Collection): string {
  const sizeOf = (tally: Collection['found']) =>
    tally === null ? null : `${tally.objects} objects, ${megabytes(tally.bytes)}, of ${tally.snapshots} snapshots and others`
  return facts({
    collection: id,
    state,
    terms: `older than ${graceHours} hours; what was head within ${keepDays} days stays`,
    scanned: scanned === null ? null : `${scanned.objects} objects, ${megabytes(scanned.bytes)}`,
    [dryRun ? 'would go' : 'found']: sizeOf(found),
    removed: sizeOf(removed),
    failure,
    see: found === null || found.objects === 0 ? null : `quantloop collections garbage ${id}`,
  })
}

export const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
