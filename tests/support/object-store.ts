import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash, randomUUID } from 'node:crypto'
import { Client } from 'minio'
import type { UploadRef, UploadUri } from '#contracts/references.ts'
import { createObjectStore, ensureBucket } from '#storage/minio-object-store.ts'
import { testServices } from './services.ts'

type StoreConfig = ReturnType<typeof testServices>['objectStore'] & { bucket: string }

/** A bucket of its own on the real store, and a cache folder of its own; `drop` removes both. */
export async function testObjectStore() {
  const config = { ...testServices().objectStore, bucket: `test-${randomUUID()}` }
  await ensureBucket(config)
  const cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-cache-'))
  return {
    config,
    cacheDir,
    objects: createObjectStore(config, { cacheDir }),
    drop: async () => {
      await rm(cacheDir, { recursive: true, force: true })
      await dropBucket(config)
    },
  }
}

/** The local server gives each bucket a volume of its own and has some dozens: tests that kept theirs would use them up. */
export async function dropBucket({ endpoint, bucket, ...rest }: StoreConfig): Promise<void> {
  const { hostname, port, protocol } = new URL(endpoint)
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL: protocol === 'https:', ...rest })
  for (;;) {
    const keys: string[] = []
    for await (const object of client.listObjectsV2(bucket, '', true)) {
      keys.push((object as { name: string }).name)
      // the client's lists are not to be trusted beyond their first pages
      if (keys.length === 400) break
    }
    if (keys.length === 0) break
    await client.removeObjects(bucket, keys)
  }
  await client.removeBucket(bucket)
}

/** How a client names an upload of these bytes. */
export const uploadRefOf = (uri: UploadUri, content: Uint8Array): UploadRef => ({
  uri,
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: content.length,
})
