import type { Command } from 'commander'
import type { Collection, GarbageObject } from '#contracts/collections.ts'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { pagingOf, paged } from '../options.ts'
import { moment, pageOf } from '../output.ts'
import { describeCollection } from '../snapshots.ts'
import { addVerbs } from '../verbs.ts'

export function register(program: Command, context: CliContext): void {
  const collections = program.command('collections').description('garbage collections: `quantloop data gc` starts one')

  paged(collections.command('list').description('collections, newest first')).action(async (paging: Paging) => {
    context.answer(await (await connect(context)).collections.list(pagingOf(paging)), (page) => pageOf(page, columns))
  })

  collections
    .command('show <collection>')
    .description('one collection')
    .action(async (id: string) => context.answer(await (await connect(context)).collections.find(id), describeCollection))

  paged(collections.command('garbage <collection>').description('what it found that may go, and why')).action(
    async (id: string, paging: Paging) => {
      context.answer(await (await connect(context)).collections.garbage(id, pagingOf(paging)), (page) => pageOf(page, garbageColumns))
    },
  )

  addVerbs(collections, context, 'collection', ['pause', 'resume', 'stop'], (client, id, verb, reason) =>
    client.collections.tell(id, verb, reason),
  )
}

const columns = [
  { title: 'collection', value: ({ id }: Collection) => id },
  { title: 'state', value: ({ state }: Collection) => state },
  { title: 'dry', value: ({ dryRun }: Collection) => (dryRun ? 'yes' : 'no') },
  { title: 'found', value: ({ found }: Collection) => found?.objects, right: true },
  { title: 'removed', value: ({ removed }: Collection) => removed?.objects, right: true },
  { title: 'by', value: ({ requestedBy }: Collection) => requestedBy },
  { title: 'started', value: ({ startedAt }: Collection) => moment(startedAt) },
]

const garbageColumns = [
  { title: 'object', value: ({ key }: GarbageObject) => key },
  { title: 'bytes', value: ({ bytes }: GarbageObject) => bytes, right: true },
  { title: 'stored', value: ({ modifiedAt }: GarbageObject) => moment(modifiedAt) },
  { title: 'why', value: ({ reason }: GarbageObject) => reason.replaceAll('-', ' ') },
]
