import type { BuildInput } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { computeShards, type ShardWorld } from './compute-shards.ts'
import { MuchToCompute } from './on-this-thread.ts'
import { planBuild } from './plan-build.ts'
import { publishBuild } from './publish-build.ts'
import type { SeenObjects } from './seen-objects.ts'

/** Bars that are planned and read in some hundredths of a second. */
const fewBars = 100_000

/**
 * The whole of a build of which little is new: plan, shards and publication, as the steps one by one do them. Answers the
 * manifest, or null when it is more than a moment's work; what was stored until then is found again by the steps.
 * @throws what these throw
 */
export async function buildBriefly(
  world: ShardWorld & { seen: SeenObjects },
  input: BuildInput,
  cancelled: AbortSignal,
): Promise<ObjectRef | null> {
  const { bars, snapshot, batches, crossings } = await planBuild(world.db, world.objects, input)
  if (bars > fewBars || batches.length > 1 || crossings !== undefined) return null
  const { asOf, featureSet, label, buildId } = input
  const shards = { progress: { buildId, batch: 0 }, snapshot, asOf, groups: batches.flat(), featureSet, label }
  try {
    return await publishBuild(world, input, [await computeShards(world, shards, cancelled)])
  } catch (error) {
    if (error instanceof MuchToCompute) return null
    throw error
  }
}
