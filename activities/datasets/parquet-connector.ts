import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { onScratchDisk } from '../scratch-disk.ts'
import { factsOfFile } from './beside-file.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { packedConnector } from './packed-connector.ts'
import { readParquetRows } from './parquet-rows.ts'
import { spoolUpload } from './spooled-upload.ts'
import type { TarIndex } from './tar-index.ts'

const doing = 'a file of the folder cannot be copied'

/** A Parquet file that a client uploaded, or a folder of such. When its bars became known is not in it, so that is assumed. */
export function parquetConnector(config: Extract<ConnectorConfig, { kind: 'parquet' }>, world: ConnectorWorld): Connector {
  if (config.packed !== undefined) return packedConnector(config, world, { extension: '.parquet', rowsOf: rowsOfPacked })
  return {
    file: config.filename,
    knownAtBasis: 'assumed',
    facts: () => factsOfFile(config, world),
    async *rows() {
      const { path, remove } = await spoolUpload(world, config.upload)
      try {
        yield* readParquetRows(path, config.filename)
      } finally {
        await remove()
      }
    },
  }
}

async function* rowsOfPacked(tar: TarIndex, name: string): AsyncGenerator<SourceRow[]> {
  const folder = await onScratchDisk(doing, () => mkdtemp(join(tmpdir(), 'quantloop-packed-')))
  try {
    const path = join(folder, 'file')
    await onScratchDisk(doing, () => tar.copy(name, path))
    yield* readParquetRows(path, name)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
