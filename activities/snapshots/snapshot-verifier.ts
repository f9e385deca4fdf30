/**
 * Reads every object of snapshots again, past the cache, and computes hashes, counts and ids again from the bars. What is
 * damaged is named; where another sound copy of its bytes is found, in the second copy or in this process's own cache, the
 * object can be put back. Snapshots share objects: each is read once.
 */
import type { SnapshotManifest } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { ObjectExtension, type ObjectRef } from '#contracts/references.ts'
import type { Damage } from '#contracts/snapshots.ts'
import { monthContents } from '#domain/market/month-contents.ts'
import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { SecondCopy } from '#storage/second-copy.ts'
import { besideIdentity, besideObjects } from './beside-bars.ts'
import { openSnapshot, type SnapshotReader } from './open-snapshot.ts'

export type VerifierWorld = { objects: ObjectStore; secondCopy: SecondCopy | undefined }
export type VerifiedSnapshot = { rows: number; chunks: number; damage: Damage[] }

type Found = { fault: string; repaired: boolean }

const atOnce = 4

export class SnapshotVerifier {
  /** objects that were read, and their bytes */
  objects = 0
  bytes = 0
  /** objects that the second copy lacked, and was given */
  copied = 0
  private readonly world: VerifierWorld
  private readonly repair: boolean
  private readonly seen = new Map<string, Promise<Found | undefined>>()

  constructor(world: VerifierWorld, { repair }: { repair: boolean }) {
    this.world = world
    this.repair = repair
  }

  /** @throws QuantloopError unavailable: what cannot be read now is not damaged */
  async verify(ref: ObjectRef, cancelled: AbortSignal): Promise<VerifiedSnapshot> {
    const fault = await this.look(ref)
    const damage: Damage[] = fault === undefined ? [] : [{ what: 'manifest', name: ref.uri, symbols: [], ...fault }]
    if (fault?.repaired === false) return { rows: 0, chunks: 0, damage }
    let reader: SnapshotReader
    try {
      reader = await openSnapshot(this.world.objects, ref)
    } catch (error) {
      if (!(error instanceof QuantloopError) || error.code !== 'object_corrupt') throw error
      return { rows: 0, chunks: 0, damage: [...damage, contentDamage(ref.uri, error.message)] }
    }
    const { chunks } = reader.manifest
    for (let from = 0; from < chunks.length; from += atOnce) {
      cancelled.throwIfAborted()
      const some = chunks.slice(from, from + atOnce)
      const found = await Promise.all(some.map(({ object }) => this.look(object)))
      found.forEach((each, index) => {
        const { object, symbols } = some[index]!
        if (each !== undefined) damage.push({ what: 'chunk', name: object.uri, symbols, ...each })
      })
    }
    for (const object of besideObjects(reader.manifest.beside)) {
      const found = await this.look(object)
      if (found !== undefined) damage.push({ what: 'beside', name: object.uri, symbols: [], ...found })
    }
    const lost = new Set(damage.flatMap(({ symbols, repaired }) => (repaired ? [] : symbols)))
    const { rows, faults } = await contentOf(reader, lost, cancelled)
    return { rows, chunks: chunks.length, damage: [...damage, ...faults] }
  }

  private look(ref: ObjectRef): Promise<Found | undefined> {
    const looked = this.seen.get(ref.uri) ?? this.lookOnce(ref)
    this.seen.set(ref.uri, looked)
    return looked
  }

  private async lookOnce(ref: ObjectRef): Promise<Found | undefined> {
    this.objects++
    this.bytes += ref.bytes
    const fault = await faultOf(this.world.objects, ref)
    if (!this.repair) return fault === undefined ? undefined : { fault, repaired: false }
    if (fault === undefined) {
      await this.keepCopy(ref)
      return undefined
    }
    const sound = (await this.world.secondCopy?.read(ref)) ?? (await cached(this.world.objects, ref))
    if (sound === undefined) return { fault, repaired: false }
    await this.world.objects.put(sound, extensionOf(ref))
    return { fault, repaired: (await faultOf(this.world.objects, ref)) === undefined }
  }

  private async keepCopy(ref: ObjectRef): Promise<void> {
    const { objects, secondCopy } = this.world
    if (secondCopy === undefined || (await secondCopy.read(ref)) !== undefined) return
    if (await secondCopy.keep(ref, await objects.get(ref))) this.copied++
  }
}

/** What is wrong with the object in the store itself, in words. */
async function faultOf(objects: ObjectStore, ref: ObjectRef): Promise<string | undefined> {
  try {
    const found = await objects.rehash(ref)
    return found === ref.sha256 ? undefined : `its bytes hash to ${found}`
  } catch (error) {
    if (error instanceof QuantloopError && error.code === 'object_missing') return 'it is not in the store'
    throw error
  }
}

/** The bytes that the local cache still holds: every read from there is hashed. */
async function cached(objects: ObjectStore, ref: ObjectRef): Promise<Uint8Array | undefined> {
  try {
    return await objects.get(ref)
  } catch (error) {
    if (error instanceof QuantloopError && (error.code === 'object_missing' || error.code === 'object_corrupt')) return undefined
    throw error
  }
}

/** Hashes the bars of every symbol again, but those of lost chunks. */
async function contentOf(reader: SnapshotReader, lost: ReadonlySet<string>, cancelled: AbortSignal) {
  const { manifest } = reader
  const faults: Damage[] = []
  const identities: SymbolIdentity[] = []
  let rows = 0
  for (const listed of manifest.symbols) {
    if (lost.has(listed.symbol)) continue
    cancelled.throwIfAborted()
    const identity = await identityOf(reader, listed)
    rows += listed.rows
    if (typeof identity === 'string') faults.push(contentDamage(listed.symbol, identity, [listed.symbol]))
    else identities.push(identity)
  }
  if (lost.size === 0 && faults.length === 0) faults.push(...wholeFaults(manifest, identities))
  if (lost.size === 0 && faults.length === 0) faults.push(...(await monthFaults(reader, cancelled)))
  return { rows, faults }
}

/** Feature builds go by the hash of each month of a chunk, and do not read its bars. */
async function monthFaults(reader: SnapshotReader, cancelled: AbortSignal): Promise<Damage[]> {
  const faults: Damage[] = []
  for (const chunk of reader.manifest.chunks) {
    if (chunk.months === undefined) continue
    cancelled.throwIfAborted()
    const found = monthContents([...(await reader.chunk(chunk)).values()])
    if (found !== chunk.months)
      faults.push(
        contentDamage(chunk.object.uri, 'the hashes that the manifest lists of its months are not those of its bars', chunk.symbols),
      )
  }
  return faults
}

async function identityOf(reader: SnapshotReader, listed: SnapshotManifest['symbols'][number]): Promise<SymbolIdentity | string> {
  const { actions, knownAtBasis } = reader.manifest
  try {
    const bars = await reader.bars(listed.symbol)
    const identity = symbolIdentity(bars, actions, knownAtBasis)
    if (bars.sessions.length !== listed.rows) return `the manifest lists ${listed.rows} rows, and there are ${bars.sessions.length}`
    if (identity.contentSha256 !== listed.contentSha256)
      return `its bars and actions hash to ${identity.contentSha256}, not to ${listed.contentSha256}`
    return identity
  } catch (error) {
    if (error instanceof QuantloopError && error.code === 'object_corrupt') return error.message
    throw error
  }
}

function wholeFaults(manifest: SnapshotManifest, identities: readonly SymbolIdentity[]): Damage[] {
  const id = snapshotIdentity(identities, manifest.knownAtBasis, besideIdentity(manifest.beside))
  const inSymbols = manifest.symbols.reduce((sum, { rows }) => sum + rows, 0)
  const inChunks = manifest.chunks.reduce((sum, { rows }) => sum + rows, 0)
  return [
    ...(id === manifest.id ? [] : [contentDamage(manifest.id, `its bars, actions and observed times hash to ${id}`)]),
    ...(manifest.rows === inSymbols && manifest.rows === inChunks
      ? []
      : [contentDamage(manifest.id, `it lists ${manifest.rows} rows, its symbols ${inSymbols} and its chunks ${inChunks}`)]),
  ]
}

const contentDamage = (name: string, fault: string, symbols: string[] = []): Damage => ({
  what: 'content',
  name,
  fault,
  symbols,
  repaired: false,
})

const extensionOf = ({ uri }: ObjectRef) => ObjectExtension.parse(uri.slice(uri.lastIndexOf('.') + 1))
