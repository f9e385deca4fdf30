import type { SnapshotChunk } from '#contracts/datasets.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readBarFiles } from './bar-files.ts'

/** All bars of chunks, by symbol. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readChunks(objects: ObjectStore, chunks: readonly SnapshotChunk[]): Promise<Map<string, BarColumns>> {
  const paths = await Promise.all(chunks.map(({ object }) => objects.file(object)))
  return await readBarFiles(paths, { vwap: chunks.some(({ vwap }) => vwap === true) })
}
