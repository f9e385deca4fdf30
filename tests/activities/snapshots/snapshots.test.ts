import { gunzipSync, gzipSync } from 'node:zlib'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot } from '#activities/snapshots.ts'
import { readBarFiles } from '#activities/snapshots/bar-files.ts'
import { encodeBars } from '#activities/snapshots/encode-bars.ts'
import { writeManifest } from '#storage/snapshot-manifest.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { sliceBars } from '#domain/market/bars.ts'
import { symbolIdentity } from '#domain/market/snapshot-identity.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { barsOf } from '#tests/domain/market/walk.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
let manifest: ObjectRef
let client: Client

beforeAll(async () => {
  world = await datasetWorld()
  const { snapshotId } = await world.sync({ kind: 'sample' }, { dataset: 'us-daily' })
  manifest = (await findSnapshot(world.db, snapshotId!))!.manifest
  const { hostname, port } = new URL(world.store.config.endpoint)
  client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...world.store.config })
})
afterAll(() => world.drop())

/** The same bucket, with nothing in the cache. */
const uncached = () => createObjectStore(world.store.config, { cacheDir: `${world.store.cacheDir}/${Math.random()}` })

async function withAltered(ref: ObjectRef, alter: (bytes: Buffer) => Buffer, work: () => Promise<void>) {
  const sound = Buffer.from(await world.objects.get(ref))
  const altered = alter(Buffer.from(sound))
  await client.putObject(world.store.config.bucket, ref.uri, altered, altered.length)
  try {
    await work()
  } finally {
    await client.putObject(world.store.config.bucket, ref.uri, sound, sound.length)
  }
}

describe('an opened snapshot', () => {
  it('names a symbol that it does not hold', async () => {
    const reader = await openSnapshot(world.objects, manifest)
    await expect(reader.bars('TSLA')).rejects.toMatchObject({ code: 'not_found', place: { symbol: 'TSLA' } })
  })

  it('refuses a chunk that was altered in the store', async () => {
    const { chunks } = (await openSnapshot(world.objects, manifest)).manifest
    await withAltered(
      chunks[2]!.object,
      (bytes) => bytes.fill(bytes.at(100)! ^ 1, 100, 101),
      async () => {
        const reader = await openSnapshot(uncached(), manifest)
        await expect(reader.bars('IBM')).rejects.toMatchObject({ code: 'object_corrupt', place: { object: chunks[2]!.object.uri } })
        expect((await verifySnapshot(world.objects, manifest)).damage).toMatchObject([
          { what: 'chunk', name: chunks[2]!.object.uri, symbols: chunks[2]!.symbols, repaired: false },
        ])
      },
    )
    expect((await (await openSnapshot(uncached(), manifest)).bars('IBM')).sessions).toHaveLength(2074)
  })

  it('refuses a manifest that was altered, and one that is none', async () => {
    await withAltered(
      manifest,
      (bytes) => gzipSync(gunzipSync(bytes).toString().replace('"ratio":2', '"ratio":3')),
      () => expect(openSnapshot(uncached(), manifest)).rejects.toMatchObject({ code: 'object_corrupt' }),
    )
    const other = await world.objects.put(Buffer.from('{"format":2}'), 'json')
    await expect(openSnapshot(world.objects, other)).rejects.toMatchObject({
      code: 'object_corrupt',
      message: expect.stringContaining('manifest'),
    })
  })

  it('names a chunk that is gone', async () => {
    const { chunks } = (await openSnapshot(world.objects, manifest)).manifest
    const sound = Buffer.from(await world.objects.get(chunks[0]!.object))
    await client.removeObject(world.store.config.bucket, chunks[0]!.object.uri)
    expect((await verifySnapshot(world.objects, manifest)).damage).toMatchObject([
      { what: 'chunk', name: chunks[0]!.object.uri, fault: 'it is not in the store' },
    ])
    await client.putObject(world.store.config.bucket, chunks[0]!.object.uri, sound, sound.length)
  })
})

describe('the id of a snapshot', () => {
  it('does not come out of a manifest that lists other actions, rows or chunks', async () => {
    const { manifest: sound } = await openSnapshot(world.objects, manifest)
    const lies = [
      { ...sound, actions: sound.actions.map((action) => (action.kind === 'split' ? { ...action, ratio: 3 } : action)) },
      { ...sound, actions: sound.actions.map((action) => ({ ...action, basis: 'given' as const })) },
      { ...sound, chunks: sound.chunks.slice(1) },
      { ...sound, chunks: [...sound.chunks, sound.chunks[0]!] },
      { ...sound, id: 'f'.repeat(64) },
      { ...sound, rows: sound.rows + 1 },
      { ...sound, chunks: sound.chunks.map((chunk, index) => (index === 1 ? { ...chunk, months: sound.chunks[0]!.months } : chunk)) },
    ]
    for (const lie of lies) {
      const ref = await writeManifest(world.objects, lie)
      const { damage } = await verifySnapshot(world.objects, ref)
      expect(damage.length).toBeGreaterThan(0)
      expect(new Set(damage.map(({ what }) => what))).toEqual(new Set(['content']))
    }
  })

  it('stays when the same bars are cut into other chunks', async () => {
    const reader = await openSnapshot(world.objects, manifest)
    const chunks = []
    for (const { symbol } of reader.manifest.symbols) {
      const bars = await reader.bars(symbol)
      const pieces = [sliceBars(bars, 0, 100), sliceBars(bars, 100, bars.sessions.length)]
      for (const piece of pieces) {
        const { sessions } = piece
        chunks.push({
          object: await world.objects.put(encodeBars([piece]), 'parquet'),
          rows: sessions.length,
          symbols: [symbol],
          firstSession: sessions[0]!,
          lastSession: sessions.at(-1)!,
        })
      }
    }
    const compacted = await writeManifest(world.objects, { ...reader.manifest, chunks })
    expect(await verifySnapshot(world.objects, compacted)).toEqual({
      snapshotId: reader.manifest.id,
      rows: reader.manifest.rows,
      damage: [],
    })
  })
})

describe('bars in Parquet', () => {
  it('come back bit for bit, absent adjusted closes included, with the same bytes each time', async () => {
    const plain = barsOf([1 / 3, Number.MIN_VALUE, 1e300, 2 ** 53 + 2], { symbol: '^GSPC' })
    const checked = barsOf([1.1, 2.2, 3.3], { symbol: 'BRK.B', adjustedClose: [1, Number.NaN, 3], firstDay: -3 })
    const [first, second] = [encodeBars([plain, checked]), encodeBars([checked, plain])]
    expect(Buffer.compare(first, second)).toBe(0)
    const ref = await world.objects.put(first, 'parquet')
    const found = await readBarFiles([await world.objects.file(ref)], { vwap: false })
    expect(found.get('^GSPC')).toEqual(plain)
    expect(found.get('BRK.B')).toEqual(checked)
    expect(symbolIdentity(found.get('BRK.B')!, [], 'observed')).toEqual(symbolIdentity(checked, [], 'observed'))
  })
})
