import type { Command } from 'commander'
import type { Endpoint, EndpointSpell, Route } from '#contracts/deployments.ts'
import type { Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { describeRollback } from '../deployment.ts'
import { followEndpoint } from '../follow-endpoint.ts'
import { pagingOf, paged, timeOf, wholeNumber } from '../options.ts'
import { type Column, facts, moment, pageOf } from '../output.ts'

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

  paged(endpoints.command('history <endpoint>').description('which deployment answered when, newest first'))
    .option('--at <date>', 'only what answered then: a time, or a date for the end of that day in UTC', timeOf)
    .action(async (name: string, { at, ...paging }: Paging & { at?: string }) => {
      context.answer(await (await connect(context)).endpoints.history(name, { at, ...pagingOf(paging) }), (page) => pageOf(page, spells))
    })

  endpoints
    .command('rollback <endpoint>')
    .description('undo what was moved last: a canary that takes requests, else the deployment that answers')
    .option('--reason <text>', 'why, for the audit')
    .action(async (name: string, { reason }: { reason?: string }) => {
      const client = await connect(context)
      const { active, prepared, share } = await client.endpoints.find(name)
      // named, so that two people who roll back at once do not undo two deployments
      const deploymentId = (share > 0 ? prepared : active)?.deploymentId
      const body = { ...(deploymentId && { deploymentId }), ...(reason === undefined ? {} : { reason }) }
      context.answer(await client.endpoints.rollback(name, body), describeRollback)
    })

  endpoints
    .command('follow <endpoint>')
    .description('print what happens on an endpoint, until interrupted')
    .option('--after <sequence>', 'only what came after this event', wholeNumber)
    .action(async (name: string, { after }: { after?: number }) =>
      followEndpoint(context, await connect(context, waitingPatienceMs), name, after),
    )
}

const spells: Column<EndpointSpell>[] = [
  { title: 'from', value: ({ from }) => moment(from) },
  { title: 'to', value: ({ to }) => moment(to) },
  { title: 'answered with', value: ({ model }) => `${model.name}@${model.version}` },
  { title: 'revision', value: ({ revision }) => revision, right: true },
  { title: 'by', value: ({ began, by }) => (began === 'rollback' ? `rollback of ${by}` : by) },
  { title: 'deployment', value: ({ deploymentId }) => deploymentId },
]

const modelOf = (route: Route | null) => route && `${route.model.name}@${route.model.version}`

const describeEndpoint = (endpoint: Endpoint) =>
  facts({
    endpoint: endpoint.name,
    'answers with': modelOf(endpoint.active),
    revision: endpoint.activeRevision,
    deployment: endpoint.active?.deploymentId,
    dataset: endpoint.active?.dataset,
    preparing: endpoint.prepared && `${modelOf(endpoint.prepared)} (revision ${endpoint.prepareRevision})`,
    canary: endpoint.share > 0 ? `takes ${Number((endpoint.share * 100).toPrecision(6))} % of the requests` : null,
    'goes back to': modelOf(endpoint.previous),
    updated: moment(endpoint.updatedAt),
  })
