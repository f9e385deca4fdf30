import { createFeatureBuildActivities } from '#activities/features.ts'
import { computeShards, type ShardsResult, type ShardWorld } from '#activities/features/compute-shards.ts'
import type { BuildInput, FeatureSet, LabelDefinition } from '#contracts/features.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import type { LandedSnapshot } from './snapshot.ts'

type Wanted = { snapshot: LandedSnapshot; dataset: string; featureSet: FeatureSet; label: LabelDefinition }

/** What `buildFeatures` is started with. `asked` is the set that its name is made of, when that is to be another. */
export function buildInputOf({ snapshot, dataset, featureSet, label }: Wanted, asked: FeatureSet = featureSet): BuildInput {
  const definition = definitionHash(asked, label)
  return {
    buildId: buildIdOf(definition, snapshot.id),
    definitionHash: definition,
    snapshotId: snapshot.id,
    dataset,
    featureSet,
    label,
    origin: { by: 'tests', bodySha256: '0'.repeat(64) },
  }
}

/** A ready build by the real activities, without the workflow. Answers its id. */
export async function buildFeatures(world: ShardWorld, wanted: Wanted): Promise<string> {
  const activities = createFeatureBuildActivities(world)
  const input = buildInputOf(wanted)
  const { featureSet, label } = wanted
  await activities.openFeatureBuild(input)
  const plan = await activities.planFeatureBuild(input)
  const results: ShardsResult[] = []
  for (const [batch, groups] of plan.batches.entries()) {
    const asked = { progress: { buildId: input.buildId, batch }, snapshot: plan.snapshot, groups, featureSet, label }
    results.push(await computeShards(world, asked, new AbortController().signal))
  }
  await activities.publishFeatureBuild(input, results)
  return input.buildId
}
