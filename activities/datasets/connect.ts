import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { csvConnector } from './csv-connector.ts'
import { sampleConnector, sampleThrough } from './sample-connector.ts'

export function connectorOf(config: ConnectorConfig, world: ConnectorWorld): Connector {
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
export const throughOf = (config: ConnectorConfig) => config.through ?? (config.kind === 'sample' ? sampleThrough : undefined)
