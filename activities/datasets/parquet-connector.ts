import type { ConnectorConfig } from '#contracts/datasets.ts'
import { factsOfFile } from './beside-file.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { readParquetRows } from './parquet-rows.ts'
import { spoolUpload } from './spooled-upload.ts'

/** A Parquet file that a client uploaded. When its bars became known is not in it, so that is assumed. */
export const parquetConnector = (config: Extract<ConnectorConfig, { kind: 'parquet' }>, world: ConnectorWorld): Connector => ({
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
})
