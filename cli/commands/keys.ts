import { type Command, Option } from 'commander'
import { Role } from '#contracts/access.ts'
import { Name } from '#contracts/words.ts'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { as, pagingOf, paged } from '../options.ts'
import { moment, pageOf } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('API keys')

  keys
    .command('create')
    .description('make a key; it is shown this once')
    .argument('<name>', 'whose it is, for the audit', as(Name))
    .addOption(new Option('--role <role>', 'what it may do').choices(Role.options).makeOptionMandatory())
    .action(async (name: string, { role }: { role: Role }) => {
      context.answer(
        await (await connect(context)).keys.create({ name, role }),
        ({ id, key }) => `${key}\nkept nowhere else; revoke it by: quantloop keys revoke ${id}`,
      )
    })

  paged(keys.command('list').description('keys, newest first')).action(async (paging: Paging) => {
    context.answer(await (await connect(context)).keys.list(pagingOf(paging)), (page) =>
      pageOf(page, [
        { title: 'key', value: ({ id }) => id },
        { title: 'name', value: ({ name }) => name },
        { title: 'role', value: ({ role }) => role },
        { title: 'made', value: ({ createdAt }) => moment(createdAt) },
        { title: 'revoked', value: ({ revokedAt }) => moment(revokedAt) },
      ]),
    )
  })

  keys
    .command('revoke <key>')
    .description('end a key for good')
    .action(async (id: string) =>
      context.answer(await (await connect(context)).keys.revoke(id), ({ name, revokedAt }) => `${name} revoked at ${moment(revokedAt)}`),
    )
}
