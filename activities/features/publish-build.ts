import { createHash } from 'node:crypto'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { BuildInput, FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { publishFeatureBuild } from '#db/commands/publish-feature-build.ts'
import { engineVersion, featureHash, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { ShardDigest, ShardResult } from './compute-shard.ts'

/** Writes the manifest of the shards, makes the build ready and refreshes the online rows. Answers the manifest. */
export async function publishBuild(
  db: Database,
  objects: ObjectStore,
  input: BuildInput,
  shards: readonly ShardResult[],
): Promise<ObjectRef> {
  const digests = await Promise.all(
    shards.map(async ({ digest }) => JSON.parse(new TextDecoder().decode(await objects.get(digest))) as ShardDigest),
  )
  const manifest = manifestOf(input, shards, [...new Set(digests.flatMap(({ sessions }) => sessions))].sort(compareText))
  const ref = await objects.put(new TextEncoder().encode(canonicalJson(manifest)), 'json')
  const asked = sum(shards, (shard) => shard.asked)
  await publishFeatureBuild(db, {
    buildId: input.buildId,
    dataset: input.dataset,
    featureHash: manifest.featureHash,
    manifest: ref,
    rows: manifest.rows,
    columns: manifest.columns.length,
    cacheHitRatio: asked === 0 ? 0 : sum(shards, (shard) => shard.cached) / asked,
    newest: digests.flatMap(({ newest }) =>
      newest.map(({ symbol, session, values: base64 }) => {
        const values = Buffer.from(base64, 'base64')
        return { symbol, session, values, sha256: createHash('sha256').update(values).digest('hex') }
      }),
    ),
  })
  return ref
}

function manifestOf(input: BuildInput, shards: readonly ShardResult[], sessions: string[]): FeatureBuildManifest {
  const label = readLabel(input.label)
  return {
    format: 1,
    definitionHash: input.definitionHash,
    snapshotId: input.snapshotId,
    featureHash: featureHash(input.featureSet),
    engineVersion,
    featureSet: { name: input.featureSet.name, version: input.featureSet.version },
    columns: readFeatures(input.featureSet.features).map(({ name, text, lookback }) => ({ name, expression: text, lookback })),
    label: { expression: label.text, persistence: label.persistence.text, kind: input.label.kind, reach: label.reach },
    rows: sum(shards, ({ shard }) => shard.rows),
    sessions,
    shards: shards.map(({ shard }) => shard),
  }
}

const sum = (shards: readonly ShardResult[], count: (shard: ShardResult) => number) =>
  shards.reduce((total, shard) => total + count(shard), 0)
