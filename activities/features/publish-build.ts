import { QuantloopError } from '#contracts/errors.ts'
import type { BuildInput, FeatureBuildManifest, FeatureShard } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { forgetShards } from '#db/commands/forget-shards.ts'
import { publishFeatureBuild } from '#db/commands/publish-feature-build.ts'
import { engineVersion, featureHash, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { excessOf, mergeNonFinite, type NonFinite } from '#domain/features/non-finite.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import type { ShardsDigest, ShardsResult } from './compute-shards.ts'
import type { NewestRow } from './newest-rows.ts'
import type { SeenObjects } from './seen-objects.ts'

/** Columns that were asked for, counted shard by shard, and those of them that were there. */
export type ColumnCounts = { asked: number; cached: number }

/**
 * Writes the manifest of the shards, makes the build ready and refreshes the online rows. Answers the manifest. `staged`
 * counts the columns that were computed on the way.
 * @throws QuantloopError snapshot_not_found when nothing was known at the time that was asked for; feature_not_finite when
 * more of a feature is no number than its set allows: then no build is named
 */
export async function publishBuild(
  { db, objects, seen }: { db: Database; objects: ObjectStore; seen: SeenObjects },
  input: BuildInput,
  results: readonly ShardsResult[],
  staged: readonly ColumnCounts[] = [],
): Promise<ObjectRef> {
  if (results.every(({ shards }) => shards.length === 0))
    throw input.featureSet.universe === undefined ? nothingKnown(input) : noMember(input)
  const digests = await Promise.all(
    // read once, and no copy of it is kept
    results.map(async ({ digest }) => JSON.parse(new TextDecoder().decode(await objects.fetch(digest))) as ShardsDigest),
  )
  const manifest = manifestOf(
    input,
    results.flatMap(({ shards }) => shards),
    [...new Set(digests.flatMap(({ sessions }) => sessions))].sort(compareText),
  )
  assertWithinLimits(input, manifest.rows, mergeNonFinite(digests.map(({ nonFinite }) => nonFinite)))
  const ref = await putJson(objects, manifest)
  const counts = [...results, ...staged]
  const asked = sum(counts, (each) => each.asked)
  const publishing = publishFeatureBuild(db, {
    buildId: input.buildId,
    snapshotId: input.snapshotId,
    asOf: input.asOf,
    dataset: input.dataset,
    featureHash: manifest.featureHash,
    manifest: ref,
    assertStored: (collections) => seen.assert(objects, [ref, ...manifest.shards.map(({ object }) => object)], collections),
    rows: manifest.rows,
    columns: manifest.columns.length,
    cacheHitRatio: asked === 0 ? 0 : sum(counts, (each) => each.cached) / asked,
    newest: newestRows(digests, manifest.sessions.at(-1)!).map(({ symbol, session, values }) => ({
      symbol,
      session,
      values: Buffer.from(values, 'base64'),
    })),
  })
  try {
    await publishing
  } catch (error) {
    // a shard that was taken for stored: the next build computes it again
    if (error instanceof QuantloopError && error.code === 'object_missing') await forgetShards(db, [String(error.place.object)])
    throw error
  }
  return ref
}

/** A symbol that has left the universe by the build's newest session has none. */
const newestRows = (digests: readonly ShardsDigest[], last: string): NewestRow[] =>
  digests.flatMap(({ newest }) => newest.filter(({ memberUntil = last }) => memberUntil >= last))

function manifestOf(input: BuildInput, shards: readonly FeatureShard[], sessions: string[]): FeatureBuildManifest {
  const label = readLabel(input.label)
  return {
    format: 1,
    definitionHash: input.definitionHash,
    snapshotId: input.snapshotId,
    asOf: input.asOf,
    featureHash: featureHash(input.featureSet),
    engineVersion,
    featureSet: { name: input.featureSet.name, version: input.featureSet.version },
    ...(input.featureSet.universe === undefined ? {} : { universe: input.featureSet.universe }),
    columns: readFeatures(input.featureSet.features).map(({ name, text, lookback }) => ({ name, expression: text, lookback })),
    label: { expression: label.text, persistence: label.persistence.text, kind: input.label.kind, reach: label.reach },
    rows: sum(shards, (shard) => shard.rows),
    sessions,
    shards: [...shards],
  }
}

function assertWithinLimits({ featureSet }: BuildInput, rows: number, counted: NonFinite): void {
  const excess = excessOf(counted, rows, featureSet.limits)
  if (excess === undefined) return
  const { feature, kind, share, limit, symbol, session } = excess
  throw new QuantloopError(
    'feature_not_finite',
    `${feature} is ${kind} on ${excess.rows} of ${rows} rows (${percent(share)}), first of ${symbol} on ${session}: ${featureSet.name} may have ${percent(limit)}. Change the expression, or the set's limits.${kind}`,
    { feature, share, limit, symbol, session },
  )
}

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`

const nothingKnown = ({ dataset, snapshotId, asOf }: BuildInput) =>
  new QuantloopError(
    'snapshot_not_found',
    `nothing of snapshot ${snapshotId} of ${dataset} was known at ${asOf}: take a later time, or a snapshot with earlier bars`,
    { dataset, snapshot: snapshotId },
  )

const noMember = ({ dataset, snapshotId, asOf, featureSet: { universe } }: BuildInput) =>
  new QuantloopError(
    'not_found',
    `no member of the universe ${universe} has a row in snapshot ${snapshotId} of ${dataset}${asOf === undefined ? '' : ` as known at ${asOf}`}: see \`quantloop data universes ${dataset} ${universe}\``,
    { dataset, snapshot: snapshotId, universe: universe! },
  )

const sum = <T>(items: readonly T[], count: (item: T) => number) => items.reduce((total, item) => total + count(item), 0)
