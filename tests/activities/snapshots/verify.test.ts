import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readManifest } from '#storage/snapshot-manifest.ts'
import { SnapshotVerifier } from '#activities/snapshots/snapshot-verifier.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { folderCopy } from '#storage/second-copy.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
let client: Client
let folder: string
beforeAll(async () => {
  world = await datasetWorld()
  const { hostname, port } = new URL(world.store.config.endpoint)
  client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...world.store.config })
})
afterAll(() => world.drop())
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'quantloop-mirror-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const never = new AbortController().signal
/** A process that has nothing in its cache, which would be a sound copy as well. */
const fresh = () => createObjectStore(world.store.config, { cacheDir: join(folder, 'cache', String(Math.random())) })
const alter = (ref: ObjectRef) => client.putObject(world.store.config.bucket, ref.uri, Buffer.from('altered'), 7)

async function verify(manifest: ObjectRef, { repair, mirror = true }: { repair: boolean; mirror?: boolean }) {
  const secondCopy = mirror ? folderCopy(join(folder, 'mirror')) : undefined
  const verifier = new SnapshotVerifier({ objects: fresh(), secondCopy }, { repair })
  const { damage } = await verifier.verify(manifest, never)
  return { damage, copied: verifier.copied, objects: verifier.objects }
}

async function landed(dataset: string) {
  const { manifest } = await landSnapshot(world, dataset, [walkBars('AAA', 40, 1), walkBars('BBB', 40, dataset.length)])
  return { manifest, chunk: (await readManifest(world.objects, manifest)).chunks[0]!.object }
}

describe('a verification', () => {
  it('fills the second copy, and repairs from it what is altered or gone, manifest and chunk', async () => {
    const { manifest, chunk } = await landed('repaired')
    expect(await verify(manifest, { repair: true })).toEqual({ damage: [], copied: 2, objects: 2 })
    expect(await verify(manifest, { repair: true })).toMatchObject({ damage: [], copied: 0 })
    await alter(manifest)
    await client.removeObject(world.store.config.bucket, chunk.uri)
    expect((await verify(manifest, { repair: false })).damage).toMatchObject([{ what: 'manifest', name: manifest.uri, repaired: false }])
    expect((await verify(manifest, { repair: true })).damage).toMatchObject([
      { what: 'manifest', name: manifest.uri, repaired: true },
      { what: 'chunk', name: chunk.uri, fault: 'it is not in the store', symbols: ['AAA', 'BBB'], repaired: true },
    ])
    expect(await verify(manifest, { repair: false })).toMatchObject({ damage: [] })
  })

  it('trusts no second copy that is damaged itself, and changes nothing without one', async () => {
    const { manifest, chunk } = await landed('untrusted')
    await verify(manifest, { repair: true })
    await writeFile(join(folder, 'mirror', chunk.uri), 'other')
    await alter(chunk)
    for (const mirror of [true, false])
      expect((await verify(manifest, { repair: true, mirror })).damage).toMatchObject([{ what: 'chunk', name: chunk.uri, repaired: false }])
  })

  it('repairs from what its own process still holds', async () => {
    const { manifest, chunk } = await landed('cached')
    await world.objects.file(chunk)
    await alter(chunk)
    const verifier = new SnapshotVerifier({ objects: world.objects, secondCopy: undefined }, { repair: true })
    expect((await verifier.verify(manifest, never)).damage).toMatchObject([{ what: 'chunk', name: chunk.uri, repaired: true }])
    expect(await verify(manifest, { repair: false, mirror: false })).toMatchObject({ damage: [] })
  })

  it('reads what snapshots share once', async () => {
    const [one, other] = [await landed('shared-1'), await landed('shared-2')]
    const verifier = new SnapshotVerifier({ objects: fresh(), secondCopy: undefined }, { repair: false })
    await verifier.verify(one.manifest, never)
    await verifier.verify(other.manifest, never)
    expect(verifier.objects).toBe(new Set([one.manifest, one.chunk, other.manifest, other.chunk].map(({ uri }) => uri)).size)
  })
})
