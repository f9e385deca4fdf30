import type { Command } from 'commander'
import type { Endpoint, Route } from '#contracts/deployments.ts'
import type { Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { followEndpoint } from '../follow-endpoint.ts'
import { pagingOf, paged, wholeNumber } from '../options.ts'
import { facts, moment, pageOf } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  const endpoints = program.command('endpoints').description('the stable names that clients call')

  paged(endpoints.command('list').description('endpoints by name')).action(async (paging: Paging) => {
    context.answer(await (await connect(context)).endpoints.list(pagingOf(paging)), (page) =>
      pageOf(page, [
        { title: 'endpoint', value: ({ name }) => name },
        { title: 'answers with', value: ({ active }) => modelOf(active) },
        { title: 'revision', value: ({ activeRevision }) => activeRevision, right: true },
        { title: 'updated', value: ({ updatedAt }) => moment(updatedAt) },
      ]),
    )
  })

  endpoints
    .command('show <endpoint>')
    .description('one endpoint: what it answers with, and what is being prepared')
    .action(async (name: string) => context.answer(await (await connect(context)).endpoints.find(name), describeEndpoint))

  endpoints
    .command('follow <endpoint>')
    .description('print what happens on an endpoint, until interrupted')
    .option('--after <sequence>', 'only what came after this event', wholeNumber)
    .action(async (name: string, { after }: { after?: number }) =>
      followEndpoint(context, await connect(context, waitingPatienceMs), name, after),
    )
}

const modelOf = (route: Route | null) => route && `${route.model.name}@${route.model.version}`

const describeEndpoint = (endpoint: Endpoint) =>
  facts({
    endpoint: endpoint.name,
    'answers with': modelOf(endpoint.active),
    revision: endpoint.activeRevision,
    deployment: endpoint.active?.deploymentId,
    dataset: endpoint.active?.dataset,
    preparing:
      endpoint.prepareRevision > endpoint.activeRevision ? `${modelOf(endpoint.prepared)} (revision ${endpoint.prepareRevision})` : null,
    updated: moment(endpoint.updatedAt),
  })
