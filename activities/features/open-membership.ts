import { listingEnds } from '#domain/market/listings.ts'
import { Membership } from '#domain/market/membership.ts'
import { universeNamed } from '#domain/market/universe.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readUniverses } from '#storage/snapshot-manifest.ts'
import type { SnapshotBars } from '../snapshots.ts'

/**
 * The members of a build's universe, of which its snapshot says who they are; nothing for a build of all symbols.
 * @throws DomainError not_found; QuantloopError object_missing | object_corrupt | unavailable
 */
export async function openMembership(
  objects: Pick<ObjectStore, 'get'>,
  { manifest, actions }: Pick<SnapshotBars, 'manifest' | 'actions'>,
  name: string | undefined,
): Promise<Membership | undefined> {
  if (name === undefined) return undefined
  const universe = universeNamed(await readUniverses(objects, manifest.beside), name, manifest.id)
  const symbols = new Set(universe.spans.map(({ symbol }) => symbol))
  return new Membership(universe, listingEnds([...symbols].flatMap(actions)))
}
