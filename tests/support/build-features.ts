import {
  type BuildPlan,
  type ColumnCounts,
  createFeatureBuildActivities,
  type CrossSectionsResult,
  type OperandsResult,
  type ShardsResult,
} from '#activities/features.ts'
import { computeCrossSections } from '#activities/features/compute-cross-sections.ts'
import { computeOperands, computeShards, type ShardWorld } from '#activities/features/compute-shards.ts'
import type { BuildInput, FeatureSet, LabelDefinition } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { buildStages, chunksOf } from '#domain/features/build-stages.ts'
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
  const { results, counts } = await computeBuild(world, { ...plan, buildId: input.buildId, featureSet, label })
  await activities.publishFeatureBuild(input, results, counts)
  return input.buildId
}

type Computed = { results: ShardsResult[]; counts: ColumnCounts[] }

/** The steps of `buildFeatures` between plan and publication, one after the other. */
export async function computeBuild(
  world: ShardWorld,
  {
    snapshot,
    batches,
    featureSet,
    label,
    buildId,
  }: Pick<BuildPlan, 'snapshot' | 'batches'> & Pick<BuildInput, 'featureSet' | 'label'> & { buildId?: string },
): Promise<Computed> {
  const { signal } = new AbortController()
  const given = { snapshot, featureSet, label }
  const [crossed, counts, results]: [ObjectRef[], ColumnCounts[], ShardsResult[]] = [[], [], []]
  for (const [stage, lists] of buildStages(featureSet, label).entries()) {
    const operands: OperandsResult[] = []
    for (const groups of batches) operands.push(await computeOperands(world, { ...given, groups, stage, crossed: [...crossed] }, signal))
    const sections: CrossSectionsResult[] = []
    for (const chunk of chunksOf(lists).keys())
      sections.push(await computeCrossSections(world, { ...given, stage, chunk, operands: operands.map((each) => each.lists) }, signal))
    crossed.push(...sections.map(({ columns }) => columns))
    counts.push(...operands, ...sections)
  }
  for (const [batch, groups] of batches.entries()) {
    const progress = buildId === undefined ? undefined : { buildId, batch }
    results.push(await computeShards(world, { ...given, groups, crossed, progress }, signal))
  }
  return { results, counts }
}
