import { QuantloopError } from '#contracts/errors.ts'
import { type FeatureBuild, FeatureBuildManifest } from '#contracts/features.ts'
import type { Database } from '#db/client.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'

/** A build that is ready, with its manifest. @throws QuantloopError not_found | conflict | object_missing | object_corrupt */
export async function readyManifest(
  { db, objects }: { db: Database; objects: ObjectStore },
  buildId: string,
): Promise<{ build: FeatureBuild; manifest: FeatureBuildManifest }> {
  const build = await findFeatureBuild(db, buildId)
  if (build === undefined) throw new QuantloopError('not_found', `there is no feature build ${buildId}`, { buildId })
  if (build.state !== 'ready' || build.manifest === null)
    throw new QuantloopError('conflict', `the feature build ${buildId} is ${build.state}, not ready`, { buildId, state: build.state })
  return { build, manifest: await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build') }
}
