import type { Command } from 'commander'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { describeDeployment, describeRollback } from '../deployment.ts'
import { pagingOf, paged } from '../options.ts'
import { moment, pageOf } from '../output.ts'
import { addVerbs } from '../verbs.ts'

export function register(program: Command, context: CliContext): void {
  const deployments = program.command('deployments').description('rollouts of model versions onto endpoints')

  paged(deployments.command('list').description('deployments, newest first').option('--endpoint <name>', 'of this endpoint only')).action(
    async ({ endpoint, ...paging }: Paging & { endpoint?: string }) => {
      context.answer(await (await connect(context)).deployments.list({ endpoint, ...pagingOf(paging) }), (page) =>
        pageOf(page, [
          { title: 'deployment', value: ({ id }) => id },
          { title: 'endpoint', value: (deployment) => deployment.endpoint },
          { title: 'model', value: ({ model }) => `${model.name}@${model.version}` },
          { title: 'strategy', value: ({ strategy }) => strategy },
          { title: 'state', value: ({ state }) => state },
          { title: 'step', value: ({ step }) => step },
          { title: 'revision', value: ({ revision }) => revision, right: true },
          { title: 'started', value: ({ startedAt }) => moment(startedAt) },
        ]),
      )
    },
  )

  deployments
    .command('show <deployment>')
    .description('one deployment')
    .action(async (id: string) => context.answer(await (await connect(context)).deployments.find(id), describeDeployment))

  addVerbs(deployments, context, 'deployment', ['pause', 'resume', 'stop', 'approve', 'reject', 'promote'], (client, id, verb, reason) =>
    client.deployments.tell(id, verb, reason),
  )

  deployments
    .command('rollback <deployment>')
    .description('undo it: what answered before it answers again')
    .option('--reason <text>', 'why, for the audit')
    .action(async (id: string, { reason }: { reason?: string }) =>
      context.answer(await (await connect(context)).deployments.rollback(id, reason), describeRollback),
    )
}
