/**
 * A process of its own that imports uploads, as a worker would, on the store and database that each question names, one
 * after another: JSON lines in, JSON lines out. It says how long each step took and how much memory it ever held.
 */
import { createInterface } from 'node:readline'
import { composeSnapshot } from '#activities/datasets/compose-snapshot.ts'
import { examineBars } from '#activities/datasets/examine-bars.ts'
import { importBars } from '#activities/datasets/import-bars.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { createVendors } from '#activities/datasets/vendors/vendors.ts'
import { vendorAccess } from '#config/vendor-access.ts'
import { connectDatabase } from '#db/client.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import type { ImportAnswer, ImportQuestion } from './importing-process.ts'

const megabytes = (kilobytes: number) => kilobytes / 1024

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await importUpload(JSON.parse(line) as ImportQuestion))}\n`)

async function importUpload({ databaseUrl, store, cacheDir, syncId, upload, parent }: ImportQuestion): Promise<ImportAnswer> {
  const connection = connectDatabase(databaseUrl)
  const { db } = connection
  const objects = createObjectStore(store, { cacheDir })
  const cancelled = new AbortController().signal
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
  return {
    manifest,
    rows,
    quarantined,
    seconds: (composed - started) / 1000,
    steps: { import: (imported - started) / 1000, check: (examined - imported) / 1000, compose: (composed - examined) / 1000 },
    memory: { before, most: megabytes(process.resourceUsage().maxRSS) },
  }
}
