import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { z } from 'zod'
import { QuantloopError } from '#contracts/errors.ts'
import { Forecaster, type SessionScore, SupervisionPolicy } from '#contracts/supervision.ts'
import type { Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { followEndpoint } from '../follow-endpoint.ts'
import { as, pagingOf, paged, session } from '../options.ts'
import { facts, figure, pageOf } from '../output.ts'
import { readYaml } from '../read-yaml.ts'
import { describeSupervision } from '../supervision.ts'
import { addVerbs } from '../verbs.ts'

type ScoreOptions = Paging & { forecaster?: string; from?: string; to?: string }

export function register(program: Command, context: CliContext): void {
  program
    .command('supervise <endpoint>')
    .description('have an endpoint watched and its model retrained; again, with a file, to change the policy')
    .option('--policy <file>', 'a YAML or JSON file; what it leaves out has its default')
    .option('--follow', 'then print what happens, until interrupted')
    .action(async (endpoint: string, options: { policy?: string; follow?: boolean }) => {
      const policy = options.policy === undefined ? undefined : await readPolicy(options.policy)
      const client = await connect(context, waitingPatienceMs)
      const supervision = await client.endpoints.supervise(endpoint, policy, randomUUID())
      if (!options.follow) return context.answer(supervision, describeSupervision)
      context.note(describeSupervision(supervision))
      await followEndpoint(context, client, endpoint)
    })

  const group = program.command('supervision').description('how endpoints are watched')

  group
    .command('show <endpoint>')
    .description('policy, champion, and how far it has seen')
    .action(async (endpoint: string) => context.answer(await (await connect(context)).endpoints.supervision(endpoint), describeSupervision))

  addVerbs(group, context, 'endpoint', ['pause', 'resume', 'stop'], (client, endpoint, verb, reason) =>
    client.endpoints.tellSupervisor(endpoint, verb, reason),
  )

  group
    .command('retrain <endpoint>')
    .description('train a challenger now, or name the one in flight')
    .option('--reason <text>', 'why, for the audit')
    .action(async (endpoint: string, { reason }: { reason?: string }) => {
      context.answer(await (await connect(context, waitingPatienceMs)).endpoints.retrain(endpoint, reason, randomUUID()), (started) =>
        facts({ retrain: started.retrainId, run: started.runId }),
      )
    })

  paged(
    group
      .command('scores <endpoint>')
      .description('errors of each forecaster, session by session')
      .option('--forecaster <name>', 'NAME@VERSION or persistence/NAME@VERSION', as(Forecaster))
      .option('--from <session>', 'from this session on', session)
      .option('--to <session>', 'up to this session', session),
  ).action(async (endpoint: string, { forecaster, from, to, ...paging }: ScoreOptions) => {
    context.answer(await (await connect(context)).endpoints.scores(endpoint, { forecaster, from, to, ...pagingOf(paging) }), (page) =>
      pageOf(page, scoreColumns),
    )
  })
}

/** @throws QuantloopError invalid_request, naming the field */
async function readPolicy(path: string): Promise<SupervisionPolicy> {
  const policy = SupervisionPolicy.safeParse(await readYaml(path))
  if (policy.success) return policy.data
  throw new QuantloopError('invalid_request', `${path} is no policy:\n${z.prettifyError(policy.error)}`, { file: path })
}

const scoreColumns = [
  { title: 'session', value: (score: SessionScore) => score.session },
  { title: 'forecaster', value: ({ forecaster }: SessionScore) => forecaster },
  { title: 'squared error', value: ({ loss }: SessionScore) => figure(loss), right: true },
  { title: 'bias', value: ({ bias }: SessionScore) => figure(bias), right: true },
  { title: 'rows', value: ({ rows }: SessionScore) => rows, right: true },
]
