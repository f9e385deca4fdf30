import { randomUUID } from 'node:crypto'
import { Argument, type Command, Option } from 'commander'
import { z } from 'zod'
import { QuantloopError } from '#contracts/errors.ts'
import { TrainRequest } from '#contracts/requests.ts'
import { Recipe } from '#contracts/training.ts'
import type { SessionRange } from '#contracts/words.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { assertEndedWell, followTraining } from '../follow.ts'
import { sessionRange, timeOf, universeName, wholeNumber } from '../options.ts'
import { readYaml, section } from '../read-yaml.ts'
import { describeRun } from '../training-run.ts'

type TrainOptions = {
  name?: string
  dataset?: string
  features?: string
  label?: string
  labelKind?: string
  persistence?: string
  train?: SessionRange
  earlyStopping?: SessionRange
  test?: SessionRange
  seed?: number
  rounds?: number
  snapshot?: string
  asOf?: string
  universe?: string
  config?: string
  follow?: boolean
}

export function register(program: Command, context: CliContext): void {
  program
    .command('train')
    .description('train a model: features, fit, evaluation, gate, and a wait for approval')
    .addArgument(new Argument('<model>', 'what is fitted').choices(Recipe.shape.model.options))
    .option('--name <name>', 'the model family that a passing run adds a version to; by default MODEL-DATASET')
    .option('--dataset <name>', 'whose newest snapshot to read')
    .option('--features <set>', 'a feature set')
    .option('--label <expression>', "what to predict, as 'Log(Ref($high,-1)/Ref($low,-1)+0.001)'")
    .addOption(new Option('--label-kind <kind>', 'how the label is judged').choices(['time-series', 'cross-sectional']))
    .option('--persistence <expression>', 'the naive forecast; by default the last known label')
    .option('--train <from:to>', 'sessions to fit', sessionRange)
    .option('--early-stopping <from:to>', 'sessions that end the rounds', sessionRange)
    .option('--test <from:to>', 'sessions that judge the model, opened once', sessionRange)
    .option('--seed <n>', 'seed of everything random', wholeNumber)
    .option('--rounds <n>', 'boosting rounds at most', wholeNumber)
    .option('--snapshot <id>', 'another snapshot than the newest')
    .option('--as-of <time>', 'see only what was known then: 2008-06-02T21:00:00Z, or a day for its end in UTC', timeOf)
    .option('--universe <name>', 'train on and serve its members only', universeName)
    .option('--config <file>', 'a YAML or JSON file with any of the above and the model’s own params; options go before it')
    .option('--follow', 'show progress and wait until the run needs a person or ends')
    .action(async (model: string, options: TrainOptions) => {
      const body = await requestOf(model, options)
      const client = await connect(context, waitingPatienceMs)
      const accepted = await client.trainingRuns.create(body, randomUUID())
      const run = options.follow ? await followTraining(context, client, accepted) : accepted
      assertEndedWell('training run', run.id, run, ['failed', 'refused', 'rejected', 'stopped'])
      context.answer(run, describeRun)
    })
}

/** The file's fields with the options laid over them. @throws QuantloopError invalid_request, naming what is missing */
async function requestOf(model: string, options: TrainOptions): Promise<TrainRequest> {
  const file = options.config === undefined ? {} : await readYaml(options.config)
  const over = (fields: Record<string, unknown>) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const { dataset = file.dataset, seed, rounds: maxRounds, snapshot: snapshotId, asOf, universe, features } = options
  const label = {
    ...section(file.label),
    ...over({ expression: options.label, kind: options.labelKind, persistence: options.persistence }),
  }
  const segments = {
    ...section(file.segments),
    ...over({ train: options.train, earlyStopping: options.earlyStopping, test: options.test }),
  }
  const name = options.name ?? file.name ?? `${model}-${dataset}`
  const request = TrainRequest.safeParse({
    ...file,
    ...over({ dataset, features, seed, maxRounds, snapshotId, asOf, universe }),
    name,
    model,
    label,
    segments,
  })
  if (!request.success)
    throw new QuantloopError(
      'invalid_request',
      `the request is not complete:\n${z.prettifyError(request.error)}`,
      options.config === undefined ? {} : { file: options.config },
    )
  return request.data
}
