import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import { DeploymentStrategy } from '#contracts/deployments.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { describeDeployment, followDeployment } from '../deployment.ts'
import { assertEndedWell } from '../follow.ts'
import { modelVersion, wholeNumber } from '../options.ts'
import { canarySteps, planOf, type RolloutOptions, seconds } from '../rollout-options.ts'

type DeployOptions = RolloutOptions & { endpoint: string; wait: boolean; follow?: true }

export function register(program: Command, context: CliContext): void {
  program
    .command('deploy')
    .description('put an approved model version behind an endpoint')
    .argument('<model@version>', 'what to deploy', modelVersion)
    .requiredOption('--endpoint <name>', 'the stable name that clients call')
    .addOption(new Option('--strategy <strategy>', 'how traffic moves').choices(DeploymentStrategy.options).default('immediate'))
    .option('--steps <steps>', 'of a canary, as in 10%:60s,50%:5m', canarySteps)
    .option('--bake <time>', 'how long the gates are watched after the switch, as in 60s', seconds)
    .option('--patience <time>', 'how long a step waits for enough answers, as in 1h', seconds)
    .option('--min-answers <n>', 'fewer answers of the new version decide nothing', wholeNumber)
    .option('--approval', 'a person approves before the first request goes to it')
    .option('--follow', 'wait until the bake has ended, not only until it answers')
    .option('--no-wait', 'return once the deployment was accepted')
    .action(async (model: { name: string; version: number }, { endpoint, wait, follow, ...rollout }: DeployOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const accepted = await client.deployments.create({ endpoint, model, plan: planOf(rollout) }, randomUUID())
      const end = wait ? await followDeployment(context, client, accepted, follow === true) : accepted
      assertEndedWell('deployment', end.id, end, ['rejected', 'refused', 'failed', 'stopped', 'rolled_back'])
      context.answer(end, describeDeployment)
    })
}
