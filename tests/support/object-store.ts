import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { createObjectStore, ensureBucket } from '#storage/minio-object-store.ts'
import { testServices } from './services.ts'

/** A bucket of its own on the real store, and a cache folder of its own, which `drop` removes. */
export async function testObjectStore() {
  const config = { ...testServices().objectStore, bucket: `test-${randomUUID()}` }
  await ensureBucket(config)
  const cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-cache-'))
  return { config, cacheDir, objects: createObjectStore(config, { cacheDir }), drop: () => rm(cacheDir, { recursive: true, force: true }) }
}
