import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import type { Schedule } from '#contracts/schedules.ts'
import { Timestamp } from '#contracts/words.ts'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { as, pagingOf, paged, wholeNumber } from '../options.ts'
import { facts, moment, pageOf } from '../output.ts'

type CreateOptions = { dataset: string; cron?: string; timeZone?: string; every?: number }

const meanings = {
  pause: 'fire no more until it is resumed',
  resume: 'fire again',
  trigger: 'fire now',
} as const

export function register(program: Command, context: CliContext): void {
  const schedules = program.command('schedules').description('syncs of datasets by the clock')

  paged(schedules.command('list').description('schedules by name')).action(async (paging: Paging) => {
    context.answer(await (await connect(context)).schedules.list(pagingOf(paging)), (page) => pageOf(page, columns))
  })

  schedules
    .command('show <schedule>')
    .description('one schedule, with its last and next firings')
    .action(async (name: string) => context.answer(await (await connect(context)).schedules.find(name), describeSchedule))

  schedules
    .command('create <schedule>')
    .description('sync a dataset by the clock, from where it came')
    .requiredOption('--dataset <name>', 'what to sync')
    .option('--cron <expression>', "five fields, as '30 18 * * mon-fri'")
    .option('--time-zone <zone>', 'where the clock of --cron hangs; by default America/New_York')
    .option('--every <seconds>', 'evenly, instead of --cron', wholeNumber)
    .action(async (name: string, { dataset, cron, timeZone, every }: CreateOptions, command: Command) => {
      if ((cron === undefined) === (every === undefined)) command.error('error: give --cron or --every')
      if (timeZone !== undefined && cron === undefined) command.error('error: --time-zone needs --cron')
      const cadence =
        cron === undefined
          ? { kind: 'interval' as const, everySeconds: every! }
          : { kind: 'cron' as const, expression: cron, ...(timeZone === undefined ? {} : { timeZone }) }
      context.answer(await (await connect(context)).schedules.create({ name, dataset, cadence }, randomUUID()), describeSchedule)
    })

  for (const verb of ['pause', 'resume', 'trigger'] as const)
    schedules
      .command(`${verb} <schedule>`)
      .description(meanings[verb])
      .option('--reason <text>', 'why, for the audit')
      .action(async (name: string, { reason }: { reason?: string }) =>
        context.answer(await (await connect(context)).schedules.tell(name, verb, reason), describeSchedule),
      )

  schedules
    .command('backfill <schedule>')
    .description('fire as often as it would have between two times')
    .requiredOption('--from <time>', 'as 2008-06-02T00:00:00Z', as(Timestamp))
    .requiredOption('--to <time>', 'as 2008-06-06T00:00:00Z', as(Timestamp))
    .option('--reason <text>', 'why, for the audit')
    .action(async (name: string, { from, to, reason }: { from: string; to: string; reason?: string }) => {
      const body = { from, to, ...(reason === undefined ? {} : { reason }) }
      context.answer(await (await connect(context)).schedules.backfill(name, body), describeSchedule)
    })

  schedules
    .command('delete <schedule>')
    .description('end it; syncs that it has started go on')
    .action(async (name: string) => context.answer(await (await connect(context)).schedules.delete(name), () => `${name} deleted`))
}

const cadenceOf = ({ cadence }: Schedule) =>
  cadence.kind === 'cron' ? `${cadence.expression} (${cadence.timeZone})` : `every ${cadence.everySeconds} s`

const describeSchedule = (schedule: Schedule) =>
  [
    facts({
      schedule: schedule.name,
      dataset: schedule.dataset,
      fires: cadenceOf(schedule),
      state: schedule.state,
      note: schedule.note,
      by: schedule.createdBy,
      next: schedule.state === 'paused' ? null : schedule.nextFirings.map(moment).join(', '),
    }),
    ...schedule.lastFirings.map(({ firedAt, workflowId }) => `fired  ${moment(firedAt)}  ${workflowId}`),
  ].join('\n')

const columns = [
  { title: 'schedule', value: ({ name }: Schedule) => name },
  { title: 'dataset', value: ({ dataset }: Schedule) => dataset },
  { title: 'fires', value: cadenceOf },
  { title: 'state', value: ({ state }: Schedule) => state },
  { title: 'next', value: ({ state, nextFirings }: Schedule) => (state === 'paused' ? null : moment(nextFirings[0] ?? null)) },
  { title: 'last', value: ({ lastFirings }: Schedule) => moment(lastFirings.at(-1)?.firedAt ?? null) },
]
