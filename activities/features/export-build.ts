import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FeatureExportInput, FeatureExportResult } from '#contracts/feature-exports.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { slicesBySymbols } from './decoded-build.ts'
import { FeatureFileWriter } from './feature-file-writer.ts'
import { readyManifest } from './ready-manifest.ts'

/**
 * The rows of a ready build as one Parquet file in the object store, some symbols at a time, so that memory holds no more.
 * @throws QuantloopError not_found | conflict | object_missing | object_corrupt | unavailable
 */
export async function exportBuild(
  { db, objects }: { db: Database; objects: ObjectStore },
  { buildId }: FeatureExportInput,
  cancelled: AbortSignal,
): Promise<FeatureExportResult> {
  const { manifest } = await readyManifest({ db, objects }, buildId)
  const names = manifest.columns.map(({ name }) => name)
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-export-'))
  const writer = await FeatureFileWriter.open(names)
  const written = { rows: 0, symbols: 0 }
  try {
    for await (const slices of slicesBySymbols(objects, manifest))
      for (const slice of slices) {
        cancelled.throwIfAborted()
        writer.append(
          slice.symbol,
          slice.days,
          names.map((name) => slice.column(name)),
        )
        written.rows += slice.days.length
        written.symbols++
      }
    const path = join(folder, 'features.parquet')
    await writer.finish(path)
    const object = await objects.putFile(path, 'parquet')
    return { object, buildId, snapshotId: manifest.snapshotId, ...written, features: names.length }
  } finally {
    await writer.close()
    await rm(folder, { recursive: true, force: true })
  }
}
