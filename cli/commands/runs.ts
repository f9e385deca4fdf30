import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type TrainingRun, TrainingState } from '#contracts/training.ts'
import type { Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { assertEndedWell, followTraining } from '../follow.ts'
import { pagingOf, paged } from '../options.ts'
import { moment, pageOf } from '../output.ts'
import { describeRun } from '../training-run.ts'
import { addVerbs } from '../verbs.ts'

type ListOptions = Paging & { model?: string; state?: string }

export function register(program: Command, context: CliContext): void {
  const runs = program.command('runs').description('training runs')

  paged(
    runs
      .command('list')
      .description('training runs, newest first')
      .option('--model <name>', 'of this model only')
      .addOption(new Option('--state <state>', 'in this state only').choices(TrainingState.options)),
  ).action(async ({ model, state, ...paging }: ListOptions) => {
    context.answer(await (await connect(context)).trainingRuns.list({ model, state, ...pagingOf(paging) }), (page) => pageOf(page, columns))
  })

  runs
    .command('show <run>')
    .description('one training run: how it stands and how it was judged')
    .action(async (id: string) => context.answer(await (await connect(context)).trainingRuns.find(id), describeRun))

  runs
    .command('follow <run>')
    .description('show progress as it happens, and wait until the run needs a person or ends')
    .action(async (id: string) => {
      const client = await connect(context, waitingPatienceMs)
      const run = await followTraining(context, client, await client.trainingRuns.find(id))
      assertEndedWell('training run', id, run, ['failed', 'refused', 'rejected', 'stopped'])
      context.answer(run, describeRun)
    })

  runs
    .command('report <run>')
    .description('write the report of a training run: one HTML page with charts, readable offline')
    .option('--out <file>', 'where to; by default training-run-RUN.html here')
    .action(async (id: string, { out }: { out?: string }) => {
      const page = await (await connect(context)).trainingRuns.report(id)
      const file = resolve(out ?? `training-run-${id}.html`)
      await writeFile(file, page)
      context.answer({ file, bytes: Buffer.byteLength(page) }, (written) => `${written.file} (${Math.ceil(written.bytes / 1024)} KiB)`)
    })

  addVerbs(runs, context, 'run', ['pause', 'resume', 'stop', 'approve', 'reject'], (client, id, verb, reason) =>
    client.trainingRuns.tell(id, verb, reason),
  )
}

const columns = [
  { title: 'run', value: ({ id }: TrainingRun) => id },
  {
    title: 'model',
    value: ({ modelName, modelVersion }: TrainingRun) => (modelVersion === null ? modelName : `${modelName}@${modelVersion}`),
  },
  { title: 'state', value: ({ state }: TrainingRun) => state },
  { title: 'step', value: ({ step }: TrainingRun) => step },
  { title: 'rounds', value: ({ rounds }: TrainingRun) => rounds, right: true },
  { title: 'by', value: ({ requestedBy }: TrainingRun) => requestedBy },
  { title: 'started', value: ({ startedAt }: TrainingRun) => moment(startedAt) },
]
