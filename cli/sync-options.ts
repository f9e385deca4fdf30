import { type Command, Option } from 'commander'
import { CalendarName, ConnectorConfig } from '#contracts/datasets.ts'
import { session, tickers } from './options.ts'

const connectors = ['sample', 'yahoo', 'alpaca', 'akshare'] as const

export type SyncOptions = {
  connector?: (typeof connectors)[number]
  symbols?: string[]
  from?: string
  through?: string
  calendar?: CalendarName
  feed?: 'sip' | 'iex'
  wait: boolean
}

export const syncOptions = (command: Command): Command =>
  command
    .addOption(new Option('--connector <name>', 'where bars come from (yahoo is unofficial)').choices(connectors))
    .option('--symbols <list>', 'only these, as AAPL,BRK.B', tickers)
    .option('--from <session>', 'the first session to ask a vendor for', session)
    .option('--through <session>', 'the last session to take; later ones stay out', session)
    .addOption(new Option('--calendar <name>', 'of yahoo: the exchange whose sessions its bars keep').choices(CalendarName.options))
    .addOption(new Option('--feed <name>', 'of alpaca: which tape, by its plan').choices(['sip', 'iex']))
    .option('--no-wait', 'return once the sync was accepted')

/** The connector that the options name; none when they name nothing. `refuse` tells wrong use. */
export function connectorAsked(
  { connector, wait: _, ...asked }: SyncOptions,
  refuse: (message: string) => never,
): ConnectorConfig | undefined {
  if (connector === undefined) {
    const [given] = Object.keys(asked)
    return given === undefined ? undefined : refuse(`--${given} needs --connector`)
  }
  if (connector !== 'sample' && (asked.symbols === undefined || asked.from === undefined))
    return refuse(`--connector ${connector} needs --symbols and --from`)
  const config = ConnectorConfig.safeParse({ kind: connector, ...asked })
  if (config.success) return config.data
  return refuse(`--connector ${connector}: ${config.error.issues.map(({ message }) => message).join('; ')}`)
}
