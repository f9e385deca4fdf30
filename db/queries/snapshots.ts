import { and, asc, desc, eq, isNull, like, sql } from 'drizzle-orm'
import type { Snapshot } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { SnapshotTag } from '#contracts/snapshots.ts'
import type { Executor } from '../client.ts'
import { dataset as datasets, headMove, snapshot, snapshotTag } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Page = { limit: number; after?: string | undefined }

/** Newest first. The same content may be a snapshot of several datasets. */
export async function listSnapshots(db: Executor, { limit, after, dataset }: Page & { dataset?: string | undefined }) {
  const before = after === undefined ? undefined : decodeCursor(after, ['', '', ''] as [string, string, string])
  const rows = await selectSnapshots(db)
    .where(
      and(
        dataset === undefined ? undefined : eq(snapshot.dataset, dataset),
        before === undefined
          ? undefined
          : sql`(${snapshot.createdAt}, ${snapshot.dataset}, ${snapshot.id}) < (${before[0]}::timestamptz, ${before[1]}, ${before[2]})`,
      ),
    )
    .orderBy(desc(snapshot.createdAt), desc(snapshot.dataset), desc(snapshot.id))
    .limit(limit + 1)
  return pageOf(rows, limit, ({ row }) => [row.createdAt, row.dataset, row.id], snapshotOf)
}

/** The first landing of this content, in `dataset` if one is named; what was collected is found as well. */
export async function findSnapshot(db: Executor, id: string, dataset?: string): Promise<Snapshot | undefined> {
  const [row] = await selectSnapshots(db)
    .where(and(eq(snapshot.id, id), dataset === undefined ? undefined : eq(snapshot.dataset, dataset)))
    .orderBy(snapshot.createdAt)
    .limit(1)
  return row && snapshotOf(row)
}

/** Columns of a snapshot's bars, by default of the dataset's head, that not every source has. */
export async function findOptionalColumns(
  db: Executor,
  { dataset, snapshotId }: { dataset: string; snapshotId?: string | undefined },
): Promise<string[]> {
  const head = db.select({ id: datasets.headSnapshotId }).from(datasets).where(eq(datasets.name, dataset))
  const [row] = await db
    .select({ columns: snapshot.optionalColumns })
    .from(snapshot)
    .where(and(eq(snapshot.dataset, dataset), eq(snapshot.id, snapshotId ?? sql`(${head})`)))
  return row?.columns ?? []
}

/** Those whose content has not been collected, of one dataset or of all, oldest first. */
export async function listKeptSnapshots(db: Executor, dataset?: string): Promise<Snapshot[]> {
  const rows = await selectSnapshots(db)
    .where(and(isNull(snapshot.collectedAt), dataset === undefined ? undefined : eq(snapshot.dataset, dataset)))
    .orderBy(snapshot.createdAt, snapshot.dataset, snapshot.id)
  return rows.map(snapshotOf)
}

/**
 * The id that a reference means: a whole id, `head`, `head~N` back through the moves of the head, a tag, or the first
 * digits of an id, in this order.
 * @throws QuantloopError snapshot_not_found | invalid_request when digits fit several
 */
export async function resolveSnapshot(db: Executor, dataset: string, reference: string): Promise<string> {
  const back = /^head(?:~(\d+))?$/.exec(reference)
  if (back !== null) return await headBefore(db, dataset, Number(back[1] ?? 0))
  const [tagged] = await db
    .select({ id: snapshotTag.snapshotId })
    .from(snapshotTag)
    .where(and(eq(snapshotTag.dataset, dataset), eq(snapshotTag.name, reference)))
  if (tagged !== undefined) return tagged.id
  const fitting = /^[0-9a-f]{7,64}$/.test(reference)
    ? await db
        .select({ id: snapshot.id })
        .from(snapshot)
        .where(and(eq(snapshot.dataset, dataset), like(snapshot.id, `${reference}%`)))
        .limit(2)
    : []
  if (fitting.length > 1)
    throw new QuantloopError('invalid_request', `${reference} is the beginning of several snapshots of ${dataset}: give more digits`, {
      dataset,
      snapshot: reference,
    })
  if (fitting[0] === undefined)
    throw new QuantloopError(
      'snapshot_not_found',
      `the dataset ${dataset} has no snapshot ${reference}: see \`quantloop data snapshots ${dataset}\` and \`quantloop data tags ${dataset}\``,
      { dataset, snapshot: reference },
    )
  return fitting[0].id
}

async function headBefore(db: Executor, dataset: string, moves: number): Promise<string> {
  const [target] = await db.select({ head: datasets.headSnapshotId }).from(datasets).where(eq(datasets.name, dataset))
  if (target === undefined) throw new QuantloopError('not_found', `there is no dataset ${dataset}`, { dataset })
  if (moves === 0 && target.head !== null) return target.head
  const [move] = await db
    .select({ id: headMove.snapshotId })
    .from(headMove)
    .where(eq(headMove.dataset, dataset))
    .orderBy(desc(headMove.sequence))
    .offset(moves)
    .limit(1)
  if (move === undefined)
    throw new QuantloopError(
      'snapshot_not_found',
      moves === 0
        ? `dataset ${dataset} has no snapshot yet: sync it first (\`quantloop data sync ${dataset}\`)`
        : `the head of dataset ${dataset} has not moved ${moves} times: see \`quantloop data history ${dataset}\``,
      { dataset, snapshot: moves === 0 ? 'head' : `head~${moves}` },
    )
  return move.id
}

/** Newest first. */
export async function listHeadMoves(db: Executor, dataset: string, { limit, after }: Page) {
  const [before] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const rows = await db
    .select()
    .from(headMove)
    .where(and(eq(headMove.dataset, dataset), before === undefined ? undefined : sql`${headMove.sequence} < ${before}::integer`))
    .orderBy(desc(headMove.sequence))
    .limit(limit + 1)
  return pageOf(
    rows,
    limit,
    (row) => [row.sequence],
    ({ dataset: _, commandId: __, at, ...move }) => ({ ...move, at: iso(at) }),
  )
}

/** By name. */
export async function listSnapshotTags(db: Executor, dataset: string, { limit, after }: Page) {
  const [from] = after === undefined ? [] : decodeCursor(after, [''] as [string])
  const rows = await db
    .select()
    .from(snapshotTag)
    .where(and(eq(snapshotTag.dataset, dataset), from === undefined ? undefined : sql`${snapshotTag.name} > ${from}`))
    .orderBy(asc(snapshotTag.name))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.name], tagOf)
}

export async function findSnapshotTag(db: Executor, dataset: string, name: string): Promise<SnapshotTag | undefined> {
  const [row] = await db
    .select()
    .from(snapshotTag)
    .where(and(eq(snapshotTag.dataset, dataset), eq(snapshotTag.name, name)))
  return row && tagOf(row)
}

const tagOf = (row: typeof snapshotTag.$inferSelect): SnapshotTag => ({ ...row, taggedAt: iso(row.taggedAt) })

const selectSnapshots = (db: Executor) =>
  db
    .select({
      row: snapshot,
      tags: sql<string[]>`coalesce((select json_agg(tag.name order by tag.name) from ${snapshotTag} tag
        where tag.dataset = snapshot.dataset and tag.snapshot_id = snapshot.id), '[]'::json)`,
    })
    .from(snapshot)

type Row = { row: typeof snapshot.$inferSelect; tags: string[] }

const snapshotOf = ({ row: { syncId: _, ...row }, tags }: Row): Snapshot => ({
  ...row,
  tags,
  createdAt: iso(row.createdAt),
  collectedAt: isoOrNull(row.collectedAt),
})
