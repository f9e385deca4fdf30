/** A process that imports into a real store, and says how it ended. */
import { text } from 'node:stream/consumers'
import { importBars } from '#activities/datasets/import-bars.ts'
import type { UploadRef } from '#contracts/references.ts'
import { connectDatabase } from '#db/client.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { noVendors } from '#tests/support/vendors.ts'
import type { Question } from './import-until-staged.ts'

const { databaseUrl, store, cacheDir, input } = JSON.parse(await text(process.stdin)) as Question
const objects = createObjectStore(store, { cacheDir })
const connection = connectDatabase(databaseUrl)
const { db } = connection
const world = { db, objects, python: '', vendors: noVendors, readUpload: (upload: UploadRef) => objects.readUpload(upload) }
try {
  const { rows } = await importBars(world, { ...input, cancelled: new AbortController().signal })
  process.stdout.write(JSON.stringify({ rows }))
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  process.stdout.write(JSON.stringify({ code, message }))
} finally {
  await connection.close()
}
