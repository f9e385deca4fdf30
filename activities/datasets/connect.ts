import type { ConnectorConfig } from '#contracts/datasets.ts'
import { alpacaConnector } from './alpaca-connector.ts'
import { akshareConnector } from './akshare-connector.ts'
import type { Connector, ConnectorWorld } from './connector.ts'
import { csvConnector } from './csv-connector.ts'
import { parquetConnector } from './parquet-connector.ts'
import { qlibConnector } from './qlib-connector.ts'
import { sampleConnector, sampleThrough } from './sample-connector.ts'
import { yahooConnector } from './yahoo-connector.ts'

/** Sources that are imported as a whole; a replay goes on from the head instead. */
export type ImportConfig = Exclude<ConnectorConfig, { kind: 'replay' }>

export function connectorOf(config: ImportConfig, world: ConnectorWorld): Connector {
  switch (config.kind) {
    case 'sample':
      return sampleConnector(config, world)
    case 'csv':
      return csvConnector(config, world)
    case 'parquet':
      return parquetConnector(config, world)
    case 'qlib':
      return qlibConnector(config, world)
    case 'yahoo':
      return yahooConnector(config, world)
    case 'alpaca':
      return alpacaConnector(config, world)
    case 'akshare':
      return akshareConnector(config, world)
    default:
      return config satisfies never
  }
}

/** The last session to release; later ones stay for replay. A Qlib folder is taken whole. */
export function throughOf(config: ImportConfig): string | undefined {
  if (config.kind === 'qlib') return undefined
  return config.through ?? (config.kind === 'sample' ? sampleThrough : undefined)
}
