import { short } from '../../output.ts'
import { type Chapter, told } from '../chapter.ts'
import * as scenario from '../scenario.ts'
import { settled } from '../waiting.ts'

export const computeFeatures: Chapter = {
  name: 'features',
  title: 'Compute the technical features and the label: tomorrow’s range',
  async tell({ client, draft, progress }) {
    const started = await client.featureBuilds.create({
      dataset: told(draft.place).dataset,
      features: 'technical',
      label: scenario.tomorrowsRange,
    })
    const build = await settled(
      () => client.featureBuilds.find(started.id),
      (b) => b.endedAt !== null,
      (b) => progress(b.step),
    )
    if (build.state !== 'ready') throw new Error(`the feature build ended as ${build.state}: ${build.failure ?? ''}`)
    draft.featureBuild = {
      id: build.id,
      rows: build.rows ?? 0,
      columns: build.columns ?? 0,
      seconds: build.seconds ?? 0,
      cacheHitRatio: build.cacheHitRatio ?? 0,
    }
    return `build ${short(build.id)}: ${build.rows} rows × ${build.columns} features in ${(build.seconds ?? 0).toFixed(2)} s, ${((build.cacheHitRatio ?? 0) * 100).toFixed(0)} % of the columns from the cache`
  },
}
