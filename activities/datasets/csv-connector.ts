import type { ConnectorConfig } from '#contracts/datasets.ts'
import { factsOfFile } from './beside-file.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { readCsvRows } from './csv-rows.ts'
import { packedConnector } from './packed-connector.ts'

/** A file that a client uploaded, or a folder of such. When its bars became known is not in it, so that is assumed. */
export function csvConnector(config: Extract<ConnectorConfig, { kind: 'csv' }>, world: ConnectorWorld): Connector {
  if (config.packed !== undefined)
    return packedConnector(config, world, { extension: '.csv', rowsOf: (tar, name) => readCsvRows(tar.stream(name), name) })
  return {
    file: config.filename,
    knownAtBasis: 'assumed',
    facts: () => factsOfFile(config, world),
    async *rows() {
      yield* readCsvRows(await world.readUpload(config.upload), config.filename)
    },
  }
}
