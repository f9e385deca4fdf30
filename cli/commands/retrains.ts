import type { Command } from 'commander'
import type { Retrain } from '#contracts/supervision.ts'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { pagingOf, paged } from '../options.ts'
import { pageOf } from '../output.ts'
import { describeRetrain } from '../supervision.ts'

export function register(program: Command, context: CliContext): void {
  const retrains = program.command('retrains').description('challengers, from the alarm to the verdict')

  paged(retrains.command('list').description('retrains, newest first').option('--endpoint <name>', 'of this endpoint only')).action(
    async ({ endpoint, ...paging }: Paging & { endpoint?: string }) => {
      context.answer(await (await connect(context)).retrains.list({ endpoint, ...pagingOf(paging) }), (page) => pageOf(page, columns))
    },
  )

  retrains
    .command('show <retrain>')
    .description('one retrain: every look at champion and challenger, and the verdict')
    .action(async (id: string) => context.answer(await (await connect(context)).retrains.find(id), describeRetrain))
}

const columns = [
  { title: 'retrain', value: ({ id }: Retrain) => id },
  { title: 'endpoint', value: ({ endpoint }: Retrain) => endpoint },
  { title: 'session', value: ({ session }: Retrain) => session },
  { title: 'trigger', value: ({ trigger }: Retrain) => trigger },
  { title: 'state', value: ({ state }: Retrain) => state },
  { title: 'challenger', value: ({ challenger }: Retrain) => challenger && `${challenger.name}@${challenger.version}` },
  { title: 'looks', value: ({ looks }: Retrain) => looks.length, right: true },
  { title: 'verdict', value: ({ verdict }: Retrain) => verdict },
]
