import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { csvConnector } from './csv-connector.ts'
import { sampleConnector, sampleThrough } from './sample-connector.ts'

/** Sources that are imported as a whole; a replay goes on from the head instead. */
export type ImportConfig = Exclude<ConnectorConfig, { kind: 'replay' }>

export function connectorOf(config: ImportConfig, world: ConnectorWorld): Connector {
  switch (config.kind) {
    case 'sample':
      return sampleConnector(config, world)
    case 'csv':
      return csvConnector(config, world)
    default:
      return config satisfies never
  }
}

/** The last session to release; later ones stay for replay. */
export const throughOf = (config: ImportConfig) => config.through ?? (config.kind === 'sample' ? sampleThrough : undefined)
