import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import { type Deployment, DeploymentStrategy } from '#contracts/deployments.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { describeDeployment } from '../deployment.ts'
import { assertEndedWell, follow } from '../follow.ts'
import { modelVersion } from '../options.ts'

const rests = ['active', 'superseded', 'refused', 'failed', 'stopped'] as const satisfies Deployment['state'][]

type DeployOptions = { endpoint: string; strategy: DeploymentStrategy; wait: boolean }

export function register(program: Command, context: CliContext): void {
  program
    .command('deploy')
    .description('put an approved model version behind an endpoint')
    .argument('<model@version>', 'what to deploy', modelVersion)
    .requiredOption('--endpoint <name>', 'the stable name that clients call')
    .addOption(new Option('--strategy <strategy>', 'how traffic moves').choices(DeploymentStrategy.options).default('immediate'))
    .option('--no-wait', 'return once the deployment was accepted')
    .action(async (model: { name: string; version: number }, { endpoint, strategy, wait }: DeployOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const accepted = await client.deployments.create({ endpoint, model, strategy }, randomUUID())
      const end = wait ? await follow(context, accepted, rests, () => client.deployments.find(accepted.id)) : accepted
      assertEndedWell('deployment', end.id, end, ['refused', 'failed', 'stopped'])
      context.answer(end, describeDeployment)
    })
}
