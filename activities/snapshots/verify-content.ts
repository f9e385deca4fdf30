import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { besideIdentity, besideObjects } from './beside-bars.ts'
import { openSnapshot } from './open-snapshot.ts'

export type VerifiedSnapshot = { snapshotId: string; rows: number; symbols: number; chunks: { uri: string; sha256: string }[] }

/**
 * Re-reads every object of a snapshot from the store itself, past the cache, and recomputes its id from the bars.
 *
 * @throws QuantloopError object_missing | object_corrupt (naming the object or the symbol) | unavailable
 */
export async function verifySnapshotContent(objects: ObjectStore, ref: ObjectRef): Promise<VerifiedSnapshot> {
  await assertStored(objects, ref)
  const reader = await openSnapshot(objects, ref)
  const { manifest } = reader
  for (const { object } of manifest.chunks) await assertStored(objects, object)
  for (const object of besideObjects(manifest.beside)) await assertStored(objects, object)
  const identities: SymbolIdentity[] = []
  let rows = 0
  for (const listed of manifest.symbols) {
    const bars = await reader.bars(listed.symbol)
    const identity = symbolIdentity(bars, manifest.actions, manifest.knownAtBasis)
    if (identity.contentSha256 !== listed.contentSha256 || bars.sessions.length !== listed.rows)
      throw differs(manifest.id, `the bars of ${listed.symbol} hash to ${identity.contentSha256}, not to ${listed.contentSha256}`)
    identities.push(identity)
    rows += bars.sessions.length
  }
  const found = snapshotIdentity(identities, manifest.knownAtBasis, besideIdentity(manifest.beside))
  if (found !== manifest.id) throw differs(manifest.id, `its bars and actions hash to ${found}`)
  const listedRows = manifest.chunks.reduce((sum, chunk) => sum + chunk.rows, 0)
  if (rows !== manifest.rows || rows !== listedRows)
    throw differs(manifest.id, `it lists ${manifest.rows} rows, its chunks list ${listedRows} and hold ${rows}`)
  return {
    snapshotId: found,
    rows,
    symbols: identities.length,
    chunks: manifest.chunks.map(({ object: { uri, sha256 } }) => ({ uri, sha256 })),
  }
}

async function assertStored(objects: ObjectStore, ref: ObjectRef): Promise<void> {
  const found = await objects.rehash(ref)
  if (found !== ref.sha256)
    throw new QuantloopError(
      'object_corrupt',
      `the bytes of ${ref.uri} hash to ${found}, not to ${ref.sha256}: restore the object from a backup`,
      {
        object: ref.uri,
        expectedSha256: ref.sha256,
        foundSha256: found,
      },
    )
}

const differs = (snapshot: string, what: string) =>
  new QuantloopError('object_corrupt', `snapshot ${snapshot} is not what its id says: ${what}`, { snapshot })
