/**
 * What of a Qlib folder our own words do not say: further columns (factor, change, …), and files that come out otherwise
 * when they are written from bars, calendar and universes. They are kept byte for byte, so that a folder goes out as it
 * came in. The index names every such file with its hash, and is part of the snapshot's identity; the parts are Parquet.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobValue, DuckDBDataChunk, BLOB, VARCHAR } from '@duckdb/node-api'
import { z } from 'zod'
import type { BesideBars } from '#contracts/datasets.ts'
import { Sha256 } from '#contracts/references.ts'
import { Ticker } from '#contracts/words.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { connectDuckDb } from '../../snapshots/bar-files.ts'

export const AsFoundIndex = z.strictObject({
  format: z.literal(1),
  /** Qlib's names of symbols that are spelt otherwise here */
  names: z.record(Ticker, z.string()),
  /** ascending by path */
  files: z.array(z.strictObject({ path: z.string(), sha256: Sha256 })),
})
export type AsFoundIndex = z.infer<typeof AsFoundIndex>

type AsFound = NonNullable<BesideBars['asFound']>
export type FoundFile = { path: string; bytes: Uint8Array }

const bytesPerPart = 32 * 1024 * 1024
const rowsPerVector = 2048

/** Files go into parts as they come; the index is written at the end. */
export class AsFoundWriter {
  private readonly objects: ObjectStore
  private readonly files: AsFoundIndex['files'] = []
  private readonly parts: AsFound['parts'] = []
  private pending: FoundFile[] = []
  private pendingBytes = 0

  constructor(objects: ObjectStore) {
    this.objects = objects
  }

  async add(file: FoundFile): Promise<void> {
    this.files.push({ path: file.path, sha256: createHash('sha256').update(file.bytes).digest('hex') })
    this.pending.push(file)
    this.pendingBytes += file.bytes.length
    if (this.pendingBytes >= bytesPerPart) await this.flush()
  }

  async end(names: AsFoundIndex['names']): Promise<AsFound> {
    await this.flush()
    const files = this.files.sort((a, b) => compareText(a.path, b.path))
    const index: AsFoundIndex = { format: 1, names, files }
    return { index: await putJson(this.objects, index), parts: this.parts }
  }

  private async flush(): Promise<void> {
    if (this.pending.length === 0) return
    this.parts.push(await this.objects.put(await packed(this.pending), 'parquet'))
    this.pending = []
    this.pendingBytes = 0
  }
}

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readAsFoundIndex(objects: ObjectStore, { index }: AsFound): Promise<AsFoundIndex> {
  return AsFoundIndex.parse(JSON.parse(new TextDecoder().decode(await objects.get(index))))
}

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function* readAsFoundFiles(objects: ObjectStore, { parts }: AsFound): AsyncGenerator<FoundFile> {
  for (const part of parts) {
    const connection = await connectDuckDb()
    try {
      const result = await connection.run(`select path, bytes from read_parquet('${await objects.file(part)}')`)
      const [paths, blobs] = (await result.getColumns()) as [string[], { bytes: Uint8Array }[]]
      for (const [row, path] of paths.entries()) yield { path, bytes: blobs[row]!.bytes }
    } finally {
      connection.closeSync()
    }
  }
}

async function packed(files: readonly FoundFile[]): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-as-found-'))
  const connection = await connectDuckDb()
  const table = `found_${randomUUID().replaceAll('-', '')}`
  try {
    await connection.run(`create temp table ${table} (path varchar, bytes blob)`)
    const appender = await connection.createAppender(table, null, 'temp')
    for (let from = 0; from < files.length; from += rowsPerVector) {
      const rows = files.slice(from, from + rowsPerVector)
      const chunk = DuckDBDataChunk.create([VARCHAR, BLOB], rows.length)
      chunk.setColumns([rows.map(({ path }) => path), rows.map(({ bytes }) => blobValue(bytes))])
      appender.appendDataChunk(chunk)
    }
    appender.closeSync()
    const path = join(folder, 'part.parquet')
    await connection.run(`copy (select * from ${table} order by path) to '${path}' (format parquet, compression zstd)`)
    return await readFile(path)
  } finally {
    connection.closeSync()
    await rm(folder, { recursive: true, force: true })
  }
}
