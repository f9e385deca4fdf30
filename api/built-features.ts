import { z } from '@hono/zod-openapi'
import { QuantloopError } from '#contracts/errors.ts'
import { UniverseName } from '#contracts/datasets.ts'
import type { FeatureBuild } from '#contracts/features.ts'
import { FeatureSetReference, Name } from '#contracts/words.ts'
import type { Executor } from '#db/client.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findFeatureBuild, findNewestBuild } from '#db/queries/feature-builds.ts'
import { readFeatureSet } from '#db/queries/feature-sets.ts'
import { found } from './found.ts'

/** How routes name a set over a dataset. */
export const FeaturesOfDataset = z.strictObject({ dataset: Name, features: FeatureSetReference })

/** Whose build is meant; without it, that of all symbols. */
export const OfUniverse = z.strictObject({ universe: UniverseName.optional() })

type Wanted = { dataset: string; features: string; build?: string | undefined; universe?: string | undefined }

/**
 * The ready build that a request means: the one it names, else the newest of the set over the dataset, of
 * the universe that it names or of all symbols.
 * @throws QuantloopError not_found | conflict; DomainError not_found
 */
export async function builtFeatures(db: Executor, { dataset, features, build: id, universe }: Wanted): Promise<FeatureBuild> {
  found(await findDataset(db, dataset), 'dataset', dataset)
  const { name, version } = await readFeatureSet(db, features)
  if (id === undefined) {
    const newest = await findNewestBuild(db, { dataset, featureSet: { name, version }, universe })
    if (newest !== undefined) return newest
    throw new QuantloopError(
      'not_found',
      `no build of ${features} over ${universe === undefined ? '' : `the universe ${universe} of `}${dataset} is ready: build it with \`quantloop features build ${features} --dataset ${dataset}${universe === undefined ? '' : ` --universe ${universe}`} --label …\``,
      { dataset, featureSet: features, ...(universe === undefined ? {} : { universe }) },
    )
  }
  const build = found(await findFeatureBuild(db, id), 'feature build', id)
  if (universe !== undefined && build.featureSet.universe !== universe)
    throw new QuantloopError(
      'not_found',
      `the feature build ${id} is of ${build.featureSet.universe === undefined ? 'all symbols' : `the universe ${build.featureSet.universe}`}, not of the universe ${universe}`,
      { buildId: id, universe },
    )
  if (build.dataset !== dataset || build.featureSet.name !== name || build.featureSet.version !== version)
    throw new QuantloopError(
      'not_found',
      `the feature build ${id} is of ${build.featureSet.name}@${build.featureSet.version} over ${build.dataset}, not of ${name}@${version} over ${dataset}`,
      { buildId: id },
    )
  if (build.state !== 'ready')
    throw new QuantloopError('conflict', `the feature build ${id} is ${build.state}, not ready`, { buildId: id, state: build.state })
  return build
}
