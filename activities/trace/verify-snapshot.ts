import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { besideIdentity, openSnapshot, type SnapshotBars } from '../snapshots.ts'
import type { Evidence } from './evidence.ts'
import type { OpenedBuild } from './open-build.ts'

/** Hashes every chunk of the snapshot again, and computes its id again from the bars in them; nothing when one differs. */
export async function verifySnapshot(objects: ObjectStore, evidence: Evidence, build: OpenedBuild): Promise<SnapshotBars | undefined> {
  if (!(await evidence.rehash('snapshot-manifest', build.snapshot))) return undefined
  const reader = await openSnapshot(objects, build.snapshot)
  const { manifest } = reader
  const chunks: boolean[] = []
  for (const { object } of manifest.chunks) chunks.push(await evidence.rehash('snapshot-chunk', object))
  if (chunks.includes(false)) return undefined
  const identities: SymbolIdentity[] = []
  for (const { symbol } of manifest.symbols)
    identities.push(symbolIdentity(await reader.bars(symbol), manifest.actions, manifest.knownAtBasis))
  const actual = snapshotIdentity(identities, manifest.knownAtBasis, besideIdentity(manifest.beside))
  return evidence.compare('snapshot-content', 'snapshot id', build.manifest.snapshotId, actual) ? reader : undefined
}
