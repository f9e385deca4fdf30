import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import { CalendarName, type ConnectorConfig, type Dataset, type Snapshot, type Sync } from '#contracts/datasets.ts'
import { type ApiClient, type Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { assertEndedWell, follow } from '../follow.ts'
import { pagingOf, paged, session, wholeNumber } from '../options.ts'
import { bar, createTicker, facts, moment, pageOf, short } from '../output.ts'
import { type ReplayedSession, replaySessions } from '../replay.ts'
import { connectorAsked, type SyncOptions, syncOptions } from '../sync-options.ts'
import type { LocalBytes } from '../local-bytes.ts'
import { upload } from '../upload.ts'
import { type ImportSource, uploadSource } from '../upload-source.ts'
import { addVerbs } from '../verbs.ts'
import { addInspections } from './data/inspections.ts'
import { addListings } from './data/listings.ts'
import { addQuality } from './data/quality.ts'

const rests = ['held', 'landed', 'unchanged', 'rejected', 'failed', 'stopped'] as const satisfies Sync['state'][]

type ImportOptions = Omit<ImportSource, 'path'> & { wait: boolean }
type ReplayOptions = { through?: string; sessions?: number }

export function register(program: Command, context: CliContext): void {
  const data = program.command('data').description('market data: import, sync and look at snapshots')

  data
    .command('import <dataset> <path>')
    .description('upload a file of bars, or a folder of such files or of Qlib’s, and make a snapshot of it')
    .addOption(new Option('--format <format>', 'how it is written').choices(['csv', 'parquet', 'qlib']).makeOptionMandatory())
    .option('--through <session>', 'the last session to take; later ones stay out', session)
    .addOption(
      new Option('--calendar <name>', 'the exchange whose sessions it keeps: bars of other days are refused').choices(CalendarName.options),
    )
    .option('--actions <file>', 'CSV of corporate actions: symbol,exDate,kind,ratio,cash,to,return')
    .option('--universes <file>', 'CSV of universes: universe,symbol,from,to')
    .option('--no-wait', 'return once the sync was accepted')
    .action(async (dataset: string, path: string, { wait, ...options }: ImportOptions, command: Command) => {
      const beside = [options.through, options.calendar, options.actions, options.universes]
      if (options.format === 'qlib' && beside.some((option) => option !== undefined))
        command.error('error: a Qlib folder is taken whole, with its own calendar and universes')
      const client = await connect(context, waitingPatienceMs)
      const ticker = createTicker(context.interactive)
      const send = (local: LocalBytes) => upload(local, client.uploads, (sent, total) => ticker.show(`upload ${bar(sent, total)}`))
      const connector = await uploadSource({ path, ...options }, send)
      ticker.end()
      await sync(context, client, dataset, connector, wait)
    })

  syncOptions(
    data.command('sync <dataset>').description('fetch bars again, from where the dataset came or from the connector named here'),
  ).action(async (dataset: string, options: SyncOptions, command: Command) => {
    const connector = connectorAsked(options, (message) => command.error(`error: ${message}`))
    await sync(context, await connect(context, waitingPatienceMs), dataset, connector, options.wait)
  })

  data
    .command('replay <dataset>')
    .description('release the sessions after the newest one, from the sample: the bars are real, only the pace is fast')
    .option('--through <session>', 'up to this one', session)
    .option('--sessions <n>', 'so many (by default one, or all up to --through)', wholeNumber)
    .action(async (dataset: string, { through, sessions }: ReplayOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const most = sessions ?? (through === undefined ? 1 : Number.POSITIVE_INFINITY)
      const released: ReplayedSession[] = []
      const ticker = createTicker(context.interactive)
      if (most > 0)
        for await (const step of replaySessions(client, dataset, through)) {
          released.push(step)
          ticker.show(`replay of ${step.session}: ${step.rows} rows${step.quarantined === 0 ? '' : `, ${step.quarantined} quarantined`}`)
          if (released.length >= most) break
        }
      ticker.end()
      context.answer({ dataset, replayOf: 'sample', released }, describeReplay)
    })

  paged(data.command('list').description('datasets')).action(async (paging: Paging) => {
    context.answer(await (await connect(context)).datasets.list(pagingOf(paging)), (page) => pageOf(page, datasetColumns))
  })

  data
    .command('show <dataset>')
    .description('one dataset')
    .action(async (name: string) => {
      context.answer(await (await connect(context)).datasets.find(name), ({ connector, headSnapshotId, lastSession, createdAt }) =>
        facts({ dataset: name, from: fromOf(connector), snapshot: headSnapshotId, 'last session': lastSession, since: moment(createdAt) }),
      )
    })

  paged(data.command('snapshots [dataset]').description('snapshots, newest first')).action(
    async (dataset: string | undefined, paging: Paging) => {
      context.answer(await (await connect(context)).snapshots.list({ dataset, ...pagingOf(paging) }), (page) =>
        pageOf(page, snapshotColumns),
      )
    },
  )

  paged(data.command('syncs <dataset>').description('syncs of a dataset, newest first')).action(async (dataset: string, paging: Paging) => {
    context.answer(await (await connect(context)).datasets.syncs(dataset, pagingOf(paging)), (page) => pageOf(page, syncColumns))
  })

  paged(data.command('quarantine <dataset> [sync]').description('rows that a sync refused; by default the latest sync')).action(
    async (dataset: string, id: string | undefined, paging: Paging) => {
      const client = await connect(context)
      const syncId = id ?? (await client.datasets.syncs(dataset, { limit: 1 })).items[0]?.id
      const rows =
        syncId === undefined ? { items: [], nextCursor: null } : await client.datasets.quarantine(dataset, syncId, pagingOf(paging))
      context.answer(rows, (page) =>
        pageOf(page, [
          { title: 'file', value: ({ file }) => file },
          { title: 'line', value: ({ line }) => line, right: true },
          { title: 'reason', value: ({ reason }) => reason },
          { title: 'row', value: ({ raw }) => raw.slice(0, 60) },
        ]),
      )
    },
  )

  addQuality(data, context)
  addInspections(data, context)
  addListings(data, context)
  addVerbs(data, context, 'dataset', ['approve', 'reject', 'pause', 'resume', 'stop'], (client, name, verb, reason) =>
    client.datasets.tell(name, verb, reason),
  )
}

async function sync(
  context: CliContext,
  client: ApiClient,
  dataset: string,
  connector: ConnectorConfig | undefined,
  wait: boolean,
): Promise<void> {
  const accepted = await client.datasets.sync(dataset, connector === undefined ? {} : { connector }, randomUUID())
  const end = wait ? await follow(context, accepted, rests, () => client.datasets.findSync(dataset, accepted.id)) : accepted
  assertEndedWell('sync', end.id, end, ['failed', 'rejected', 'stopped'])
  context.answer(end, describeSync)
}

function describeReplay({ dataset, released }: { dataset: string; released: ReplayedSession[] }): string {
  const last = released.at(-1)
  if (last === undefined) return `nothing left to replay for ${dataset}`
  return facts({
    'replay of': 'sample',
    sessions: released.length,
    from: released[0]!.session,
    to: last.session,
    snapshot: last.snapshotId,
  })
}

const clearings = {
  'adjusted-close': 'real, as the vendor’s adjusted close shows',
  'adjusted-prices': 'real, for the source has adjusted its prices for every action',
  approval: 'approved by a person',
} as const satisfies Record<NonNullable<Sync['jumps'][number]['clearedBy']>, string>

function describeSync(sync: Sync): string {
  const open = sync.jumps.filter(({ clearedBy }) => clearedBy === undefined)
  const jumps = sync.jumps.map(
    ({ symbol, session, change, clearedBy }) =>
      `  ${symbol} ${session}: ${(change * 100).toFixed(1)} %, ${clearedBy === undefined ? 'not explained' : clearings[clearedBy]}`,
  )
  const lines = [
    facts({
      sync: sync.id,
      state: sync.state,
      rows: sync.rows,
      symbols: sync.symbols,
      quarantined: sync.quarantined,
      'no longer known': sync.withdrawn.join(', '),
      snapshot: sync.snapshotId,
    }),
    ...(jumps.length === 0 ? [] : ['jumps', ...jumps]),
  ]
  if (sync.quarantined > 0) lines.push(`see the refused rows: quantloop data quarantine ${sync.dataset} ${sync.id}`)
  if (sync.state === 'held') lines.push(`${open.length} held: quantloop data approve ${sync.dataset}, or reject`)
  return lines.join('\n')
}

/** The pace of a replay is not the market's, and Yahoo offers no API: nobody shall take them for what they are not. */
function fromOf(connector: ConnectorConfig): string {
  if (connector.kind === 'replay') return `replay of ${connector.source}`
  return connector.kind === 'yahoo' ? 'yahoo (unofficial)' : connector.kind
}

const datasetColumns = [
  { title: 'dataset', value: ({ name }: Dataset) => name },
  { title: 'from', value: ({ connector }: Dataset) => fromOf(connector) },
  { title: 'last session', value: ({ lastSession }: Dataset) => lastSession },
  { title: 'snapshot', value: ({ headSnapshotId }: Dataset) => short(headSnapshotId) },
]

const snapshotColumns = [
  { title: 'snapshot', value: ({ id }: Snapshot) => short(id) },
  { title: 'dataset', value: ({ dataset }: Snapshot) => dataset },
  { title: 'rows', value: ({ rows }: Snapshot) => rows, right: true },
  { title: 'symbols', value: ({ symbols }: Snapshot) => symbols, right: true },
  { title: 'first', value: ({ firstSession }: Snapshot) => firstSession },
  { title: 'last', value: ({ lastSession }: Snapshot) => lastSession },
  { title: 'made', value: ({ createdAt }: Snapshot) => moment(createdAt) },
]

const syncColumns = [
  { title: 'sync', value: ({ id }: Sync) => id },
  { title: 'state', value: ({ state }: Sync) => state },
  { title: 'rows', value: ({ rows }: Sync) => rows, right: true },
  { title: 'quarantined', value: ({ quarantined }: Sync) => quarantined, right: true },
  { title: 'snapshot', value: ({ snapshotId }: Sync) => short(snapshotId) },
  { title: 'by', value: ({ requestedBy }: Sync) => requestedBy },
  { title: 'started', value: ({ startedAt }: Sync) => moment(startedAt) },
]
