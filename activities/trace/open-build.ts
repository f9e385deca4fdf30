import { QuantloopError } from '#contracts/errors.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { buildIdOf } from '#domain/features/definitions.ts'
import type { Evidence } from './evidence.ts'

export type OpenedBuild = { id: string; manifest: FeatureBuildManifest; snapshot: ObjectRef }

/**
 * A build by its id, which its manifest must lead back to; nothing when the manifest is altered.
 * @throws QuantloopError not_found | object_missing | unavailable
 */
export async function openBuild(db: Database, evidence: Evidence, id: string): Promise<OpenedBuild | undefined> {
  const build = await findFeatureBuild(db, id)
  if (build?.manifest == null) throw new QuantloopError('not_found', `there is no finished feature build ${id}`)
  const bytes = await evidence.read('build-manifest', build.manifest)
  if (bytes === undefined) return undefined
  const manifest = FeatureBuildManifest.parse(JSON.parse(new TextDecoder().decode(bytes)))
  if (!evidence.compare('build-manifest', 'build id', id, buildIdOf(manifest.definitionHash, manifest.snapshotId, manifest.asOf)))
    return undefined
  const snapshot = await findSnapshot(db, manifest.snapshotId, build.dataset)
  if (snapshot === undefined) throw new QuantloopError('not_found', `there is no snapshot ${manifest.snapshotId} of ${build.dataset}`)
  return { id, manifest, snapshot: snapshot.manifest }
}
