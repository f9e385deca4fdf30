import type { Command } from 'commander'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { pagingOf, paged } from '../options.ts'
import { moment, pageOf } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  paged(
    program
      .command('audit')
      .description('who did what, newest first')
      .option('--subject <kind/id>', 'about this only, as training-run/ID')
      .option('--by <name>', 'by this key only'),
  ).action(async ({ subject, by, ...paging }: Paging & { subject?: string; by?: string }) => {
    context.answer(await (await connect(context)).audit.list({ subject, by, ...pagingOf(paging) }), (page) =>
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
