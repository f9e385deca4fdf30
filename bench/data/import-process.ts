/**
 * A process of its own that imports one upload on the store and database that its input names, as a worker would, and says
 * how long each step took and how much memory it ever held.
 */
import { text } from 'node:stream/consumers'
import { composeSnapshot } from '#activities/datasets/compose-snapshot.ts'
import { examineBars } from '#activities/datasets/examine-bars.ts'
import { importBars } from '#activities/datasets/import-bars.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { createVendors } from '#activities/datasets/vendors/vendors.ts'
import { vendorAccess } from '#config/vendor-access.ts'
import { connectDatabase } from '#db/client.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import type { ImportAnswer, ImportQuestion } from './import-in-process.ts'

const { databaseUrl, store, cacheDir, syncId, upload, parent } = JSON.parse(await text(process.stdin)) as ImportQuestion
const connection = connectDatabase(databaseUrl)
const { db } = connection
const objects = createObjectStore(store, { cacheDir })
const cancelled = new AbortController().signal
const megabytes = (kilobytes: number) => kilobytes / 1024

const before = megabytes(process.resourceUsage().maxRSS)
const started = performance.now()
const { staged, rows, quarantined } = await importBars(
  { db, objects, python: '', vendors: createVendors(vendorAccess({}, cacheDir)), readUpload: (key) => objects.readUpload(key) },
  { syncId, config: { kind: 'csv', upload, filename: 'bars.csv' }, asOf: new Date().toISOString(), parent, cancelled },
)
const imported = performance.now()
const { examination } = await examineBars(objects, { staged, parent, cancelled })
const examined = performance.now()
const manifest: ObjectRef = await composeSnapshot(objects, { staged, examination, approved: true, cancelled })
const composed = performance.now()
await connection.close()

const answer: ImportAnswer = {
  manifest,
  rows,
  quarantined,
  seconds: (composed - started) / 1000,
  steps: { import: (imported - started) / 1000, check: (examined - imported) / 1000, compose: (composed - examined) / 1000 },
  memory: { before, most: megabytes(process.resourceUsage().maxRSS) },
}
process.stdout.write(JSON.stringify(answer))
