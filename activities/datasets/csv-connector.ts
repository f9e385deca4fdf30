import type { ConnectorConfig } from '#contracts/datasets.ts'
import { factsOfFile } from './beside-file.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { readCsvRows } from './csv-rows.ts'

/** A file that a client uploaded. When its bars became known is not in it, so that is assumed. */
export const csvConnector = (config: Extract<ConnectorConfig, { kind: 'csv' }>, world: ConnectorWorld): Connector => ({
  file: config.filename,
  knownAtBasis: 'assumed',
  facts: () => factsOfFile(config, world),
  async *rows() {
    yield* readCsvRows(await world.readUpload(config.upload), config.filename)
  },
})
