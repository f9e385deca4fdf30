import { type Command, Option } from 'commander'
import { AlertKind, type Alert } from '#contracts/supervision.ts'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { pagingOf, paged } from '../options.ts'
import { pageOf } from '../output.ts'
import { describeAlert } from '../supervision.ts'

type ListOptions = Paging & { endpoint?: string; kind?: string; open?: boolean }

export function register(program: Command, context: CliContext): void {
  const alerts = program.command('alerts').description('what monitors and supervisors raised')

  paged(
    alerts
      .command('list')
      .description('alerts, newest first')
      .option('--endpoint <name>', 'of this endpoint only')
      .addOption(new Option('--kind <kind>', 'of this kind only').choices(AlertKind.options))
      .option('--open', 'only those that nobody has acknowledged'),
  ).action(async ({ endpoint, kind, open, ...paging }: ListOptions) => {
    context.answer(await (await connect(context)).alerts.list({ endpoint, kind, open, ...pagingOf(paging) }), (page) =>
      pageOf(page, columns),
    )
  })

  alerts
    .command('show <alert>')
    .description('one alert, with its evidence')
    .action(async (id: string) => context.answer(await (await connect(context)).alerts.find(id), describeAlert))

  alerts
    .command('acknowledge <alert>')
    .description('say that you have seen it')
    .option('--reason <text>', 'why, for the audit')
    .action(async (id: string, { reason }: { reason?: string }) =>
      context.answer(await (await connect(context)).alerts.acknowledge(id, reason), describeAlert),
    )
}

const columns = [
  { title: 'alert', value: ({ id }: Alert) => id },
  { title: 'endpoint', value: ({ endpoint }: Alert) => endpoint },
  { title: 'session', value: ({ session }: Alert) => session },
  { title: 'kind', value: ({ kind }: Alert) => kind },
  { title: 'severity', value: ({ severity }: Alert) => severity },
  { title: 'seen by', value: ({ acknowledgedBy }: Alert) => acknowledgedBy },
  { title: 'summary', value: ({ summary }: Alert) => summary },
]
