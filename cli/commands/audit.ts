import type { Command } from 'commander'
import { Timestamp } from '#contracts/words.ts'
import type { AuditFilter, Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { as, pagingOf, paged } from '../options.ts'
import { moment, pageOf } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  paged(
    program
      .command('audit')
      .description('who did what, newest first')
      .option('--subject <kind/id>', 'about this only, as training-run/ID')
      .option('--action <name>', 'this only, as approve, promote, acknowledge')
      .option('--by <name>', 'by this key or policy only')
      .option('--from <time>', 'from this instant on, as 2008-06-02T00:00:00Z', as(Timestamp))
      .option('--to <time>', 'before this instant', as(Timestamp)),
  ).action(async ({ subject, action, by, from, to, ...paging }: Paging & AuditFilter) => {
    context.answer(await (await connect(context)).audit.list({ subject, action, by, from, to, ...pagingOf(paging) }), (page) =>
      pageOf(page, [
        { title: 'at', value: ({ at }) => moment(at) },
        { title: 'by', value: (entry) => entry.by },
        { title: 'did', value: ({ action }) => action },
        { title: 'to', value: (entry) => entry.subject },
        { title: 'detail', value: ({ detail }) => JSON.stringify(detail) },
      ]),
    )
  })
}
