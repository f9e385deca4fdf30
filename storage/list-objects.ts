import type { BucketItem, Client } from 'minio'
import type { StoredObject } from './object-store.ts'

/** Each page is a request of its own, after the last key of the one before: some servers lose count in longer lists. */
const pageSize = 400

/** All objects under a prefix, ascending by key, as the store lists them. */
export async function* listObjects(client: Client, bucket: string, prefix: string): AsyncGenerator<StoredObject> {
  let after = ''
  for (;;) {
    const page = await readPage(client, bucket, prefix, after)
    yield* page
    if (page.length < pageSize) return
    after = page.at(-1)!.key
  }
}

async function readPage(client: Client, bucket: string, prefix: string, after: string): Promise<StoredObject[]> {
  const page: StoredObject[] = []
  for await (const item of client.listObjectsV2(bucket, prefix, true, after)) {
    const { name, size, lastModified } = item as BucketItem
    if (name === undefined || name <= after) continue
    page.push({ key: name, bytes: size ?? 0, modifiedAt: (lastModified ?? new Date()).toISOString() })
    if (page.length === pageSize) break
  }
  return page
}
