import { randomUUID } from 'node:crypto'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { BesideBars } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { dataset as datasets, snapshot as snapshots } from '#db/schema.ts'
import { coverageOf } from '#activities/snapshots/bar-files.ts'
import { encodeBars } from '#activities/snapshots/encode-bars.ts'
import { writeManifest } from '#storage/snapshot-manifest.ts'
import { besideIdentity, optionalColumnsOf } from '#activities/snapshots.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { Universe } from '#domain/market/universe.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { monthContents } from '#domain/market/month-contents.ts'
import { snapshotIdentity, symbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'

export type LandedSnapshot = { id: string; manifest: ObjectRef }

/** Bars as a snapshot of a dataset in one chunk, in the real store and database. */
export async function landSnapshot(
  { db, objects }: { db: Database; objects: ObjectStore },
  dataset: string,
  bars: readonly BarColumns[],
  actions: readonly CorporateAction[] = [],
  universes?: readonly Universe[],
): Promise<LandedSnapshot> {
  const identities = bars.map((each) => symbolIdentity(each, actions, 'assumed'))
  const beside: BesideBars | undefined = universes && {
    calendar: { kind: 'exchange', name: 'XNYS', basis: 'named' },
    universes: await objects.put(Buffer.from(canonicalJson(universes)), 'json'),
  }
  const id = snapshotIdentity(identities, 'assumed', besideIdentity(beside))
  const coverage = coverageOf(bars)
  const chunks = [{ object: await objects.put(encodeBars(bars), 'parquet'), ...coverage, months: monthContents(bars) }]
  const manifest = await writeManifest(objects, {
    format: 1,
    id,
    knownAtBasis: 'assumed',
    rows: coverage.rows,
    firstSession: coverage.firstSession,
    lastSession: coverage.lastSession,
    symbols: bars.map(({ symbol, sessions }, index) => ({
      symbol,
      rows: sessions.length,
      firstSession: sessions[0]!,
      lastSession: sessions.at(-1)!,
      contentSha256: identities[index]!.contentSha256,
    })),
    chunks,
    actions: [...actions],
    clearedJumps: [],
    ...(beside === undefined ? {} : { beside }),
  })
  await db
    .insert(datasets)
    .values({ name: dataset, connector: { kind: 'sample' } })
    .onConflictDoNothing()
  await db
    .insert(snapshots)
    .values({
      dataset,
      id,
      syncId: randomUUID(),
      manifest,
      rows: coverage.rows,
      symbols: bars.length,
      actions: actions.length,
      firstSession: coverage.firstSession,
      lastSession: coverage.lastSession,
      knownAtBasis: 'assumed',
      optionalColumns: optionalColumnsOf({ chunks }),
    })
    .onConflictDoNothing()
  return { id, manifest }
}
