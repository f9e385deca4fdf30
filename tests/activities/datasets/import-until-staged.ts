/** A process that imports into a real store, says when all chunks are stored, and never gets to what names them. */
import { text } from 'node:stream/consumers'
import { type Import, importBars } from '#activities/datasets/import-bars.ts'
import type { UploadRef } from '#contracts/references.ts'
import { connectDatabase } from '#db/client.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { noVendors } from '#tests/support/vendors.ts'

export type Question = {
  databaseUrl: string
  store: Parameters<typeof createObjectStore>[0]
  cacheDir: string
  input: Omit<Import, 'cancelled'>
}

const { databaseUrl, store, cacheDir, input } = JSON.parse(await text(process.stdin)) as Question
const objects = createObjectStore(store, { cacheDir })
const stuck = {
  ...objects,
  put: (...args: Parameters<typeof objects.put>) => {
    if (args[1] !== 'json') return objects.put(...args)
    process.stdout.write('the chunks are stored\n')
    setInterval(() => {}, 1_000)
    return new Promise<never>(() => {})
  },
}
const { db } = connectDatabase(databaseUrl)
const world = { db, objects: stuck, python: '', vendors: noVendors, readUpload: (upload: UploadRef) => objects.readUpload(upload) }
await importBars(world, { ...input, cancelled: new AbortController().signal })
