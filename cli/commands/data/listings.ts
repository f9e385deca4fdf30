import { type Command, Option } from 'commander'
import { ListingStatus, type SymbolListing, type UniverseMembers, type UniverseSummary } from '#contracts/listings.ts'
import type { Paging } from '../../client.ts'
import { connect } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { paged, pagingOf, session, snapshotReference, universeName } from '../../options.ts'
import { facts, figure, pageOf, table } from '../../output.ts'

const snapshotOption = () =>
  new Option('--snapshot <snapshot>', 'by id, first digits of it, tag, head or head~N').argParser(snapshotReference).default('head')

type Asked = Paging & { snapshot: string }

/** `quantloop data symbols` and `quantloop data universes` */
export function addListings(data: Command, context: CliContext): void {
  paged(
    data
      .command('symbols <dataset>')
      .description('symbols of a snapshot: listed, renamed or delisted, with the span of their bars')
      .addOption(new Option('--status <status>', 'only these').choices(ListingStatus.options))
      .addOption(snapshotOption()),
  ).action(async (dataset: string, { status, snapshot, ...paging }: Asked & { status?: ListingStatus }) => {
    const client = await connect(context)
    context.answer(await client.datasets.symbols(dataset, snapshot, { status, ...pagingOf(paging) }), (page) => pageOf(page, symbolColumns))
  })

  paged(
    data
      .command('universes')
      .argument('<dataset>')
      .argument('[universe]', 'show its members on a session', universeName)
      .description('universes of a snapshot, or the members of one')
      .option('--session <session>', 'members on this one (by default the last of the snapshot)', session)
      .addOption(snapshotOption()),
  ).action(
    async (
      dataset: string,
      universe: string | undefined,
      { snapshot, session: on, ...paging }: Asked & { session?: string },
      command: Command,
    ) => {
      if (universe === undefined && on !== undefined) command.error('error: --session goes with the name of a universe')
      const client = await connect(context)
      if (universe !== undefined) return context.answer(await client.datasets.members(dataset, snapshot, universe, on), describeMembers)
      context.answer(await client.datasets.universes(dataset, snapshot, pagingOf(paging)), (page) => pageOf(page, universeColumns))
    },
  )
}

function describeMembers({ name, session: on, members, spans }: UniverseMembers): string {
  const current = new Set(members)
  const own = spans.filter(({ symbol, from, to }) => current.has(symbol) && from <= on && on <= to)
  return [
    facts({ universe: name, session: on, members: members.length }),
    '',
    table(own, [
      { title: 'symbol', value: ({ symbol }) => symbol },
      { title: 'from', value: ({ from }) => from },
      { title: 'to', value: ({ to }) => to },
    ]),
  ].join('\n')
}

const symbolColumns = [
  { title: 'symbol', value: ({ symbol }: SymbolListing) => symbol },
  { title: 'status', value: ({ status, to }: SymbolListing) => (to === null ? status : `${status} to ${to}`) },
  { title: 'since', value: ({ on }: SymbolListing) => on },
  { title: 'rows', value: ({ rows }: SymbolListing) => rows, right: true },
  { title: 'first', value: ({ firstSession }: SymbolListing) => firstSession },
  { title: 'last', value: ({ lastSession }: SymbolListing) => lastSession },
  { title: 'delisting return', value: ({ delistingReturn }: SymbolListing) => figure(delistingReturn), right: true },
]

const universeColumns = [
  { title: 'universe', value: ({ name }: UniverseSummary) => name },
  { title: 'symbols', value: ({ symbols }: UniverseSummary) => symbols, right: true },
  { title: 'spans', value: ({ spans }: UniverseSummary) => spans, right: true },
  { title: 'from', value: ({ from }: UniverseSummary) => from },
  { title: 'to', value: ({ to }: UniverseSummary) => to },
]
