import { type Command, Option } from 'commander'
import { MonitorKind, type Monitor, type MonitorPoint } from '#contracts/supervision.ts'
import type { Page, Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { pagingOf, paged } from '../options.ts'
import { facts, figure, moment, pageOf } from '../output.ts'

type ListOptions = Paging & { endpoint?: string; kind?: string }

export function register(program: Command, context: CliContext): void {
  const monitors = program.command('monitors').description('standing checks of what answers on an endpoint')

  paged(
    monitors
      .command('list')
      .description('monitors, newest first')
      .option('--endpoint <name>', 'of this endpoint only')
      .addOption(new Option('--kind <kind>', 'of this kind only').choices(MonitorKind.options)),
  ).action(async ({ endpoint, kind, ...paging }: ListOptions) => {
    context.answer(await (await connect(context)).monitors.list({ endpoint, kind, ...pagingOf(paging) }), (page) => pageOf(page, columns))
  })

  paged(monitors.command('show <monitor>').description('one monitor, and what it saw session by session')).action(
    async (id: string, paging: Paging) => {
      const client = await connect(context)
      const monitor = await client.monitors.find(id)
      context.answer({ ...monitor, points: await client.monitors.points(id, pagingOf(paging)) }, describeMonitor)
    },
  )
}

function describeMonitor({ points, ...monitor }: Monitor & { points: Page<MonitorPoint> }): string {
  return [
    facts({
      monitor: monitor.id,
      endpoint: monitor.endpoint,
      kind: monitor.kind,
      watches: `${monitor.model.name}@${monitor.model.version}`,
      after: monitor.after,
      threshold: figure(monitor.threshold),
      calibration: JSON.stringify(monitor.calibration),
      since: moment(monitor.createdAt),
      ended: moment(monitor.endedAt),
    }),
    pageOf(points, [
      { title: 'session', value: ({ session }) => session },
      { title: 'statistic', value: ({ statistic }) => figure(statistic), right: true },
      { title: 'fired', value: ({ fired }) => (fired ? 'yes' : '') },
    ]),
  ].join('\n')
}

const columns = [
  { title: 'monitor', value: ({ id }: Monitor) => id },
  { title: 'endpoint', value: ({ endpoint }: Monitor) => endpoint },
  { title: 'kind', value: ({ kind }: Monitor) => kind },
  { title: 'watches', value: ({ model }: Monitor) => `${model.name}@${model.version}` },
  { title: 'session', value: ({ session }: Monitor) => session },
  { title: 'statistic', value: ({ statistic }: Monitor) => figure(statistic), right: true },
  { title: 'threshold', value: ({ threshold }: Monitor) => figure(threshold), right: true },
  { title: 'ended', value: ({ endedAt }: Monitor) => moment(endedAt) },
]
