/** `quantloop data …` for the files behind snapshots: written out, read again, removed. The group itself is made in data.ts. */
import { randomUUID } from 'node:crypto'
import { extname, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { ExportFormat } from '#contracts/snapshots.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { downloadFile } from '../download.ts'
import { assertEndedWell, follow } from '../follow.ts'
import { session, snapshotReference, tickers, wholeNumber } from '../options.ts'
import { bar, createTicker, facts } from '../output.ts'
import { describeCollection, describeVerification, megabytes } from '../snapshots.ts'

const named = 'by id, first digits of it, tag, head or head~N'
const rests = ['done', 'failed', 'stopped'] as const

type ExportOptions = { out?: string; format?: ExportFormat; symbols?: string[]; from?: string; to?: string; adjusted?: boolean }
type GcOptions = { delete?: boolean; dryRun?: boolean; graceHours?: number; keepDays?: number; wait: boolean }

export function register(program: Command, context: CliContext): void {
  const data = program.commands.find((command) => command.name() === 'data')!

  data
    .command('export')
    .argument('<dataset>')
    .argument('[snapshot]', named, snapshotReference, 'head')
    .description('write bars of a snapshot into a CSV or Parquet file, or into a tar of a Qlib folder')
    .option('--out <file>', 'where to; by default DATASET-SNAPSHOT.FORMAT here')
    .addOption(new Option('--format <format>', 'by default what the name of the file says, else csv').choices(ExportFormat.options))
    .option('--symbols <list>', 'only these, as AAPL,MSFT', tickers)
    .option('--from <session>', 'the first session', session)
    .option('--to <session>', 'the last session', session)
    .option('--adjusted', 'prices times their factor, with the factor beside them; volumes over their splits')
    .action(async (dataset: string, name: string, options: ExportOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const { symbols, from, to } = options
      const format = options.format ?? formatOf(options.out)
      const snapshot = await client.datasets.findSnapshot(dataset, name)
      const accepted = await client.exports.create(
        {
          dataset,
          snapshot: snapshot.id,
          format,
          prices: options.adjusted ? 'adjusted' : 'raw',
          ...(symbols === undefined ? {} : { symbols }),
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        },
        randomUUID(),
      )
      const { id, state, failure, result } = await follow(context, asRun(accepted), rests, async () =>
        asRun(await client.exports.find(accepted.id)),
      )
      assertEndedWell('export', id, { state, step: 'export', failure }, ['failed', 'stopped'])
      const file = resolve(options.out ?? `${dataset}-${snapshot.id.slice(0, 12)}.${format === 'qlib' ? 'tar' : format}`)
      const ticker = createTicker(context.interactive)
      await downloadFile(result!, file, (received, total) => ticker.show(`download ${bar(received, total)}`))
      ticker.end()
      const { object, rows, symbols: written, lacks } = result!
      context.answer(
        { file, snapshotId: snapshot.id, bytes: object.bytes, sha256: object.sha256, rows, symbols: written, lacks },
        (answer) =>
          facts({
            file: answer.file,
            size: megabytes(answer.bytes),
            rows: answer.rows,
            symbols: answer.symbols,
            snapshot: answer.snapshotId,
            lacks: answer.lacks.join('; '),
          }),
      )
    })

  data
    .command('verify')
    .argument('[dataset]')
    .argument('[snapshot]', named, snapshotReference)
    .description('read and hash everything again: of one snapshot, of a dataset, or of all')
    .option('--repair', 'put back what is damaged from the second copy, and copy to it what it lacks')
    .action(async (dataset: string | undefined, name: string | undefined, { repair = false }: { repair?: boolean }) => {
      const client = await connect(context, waitingPatienceMs)
      const snapshot = name === undefined ? {} : { snapshot: name }
      const accepted = await client.verifications.create(
        { ...(dataset === undefined ? {} : { dataset }), ...snapshot, repair },
        randomUUID(),
      )
      const end = await follow(context, asRun(accepted), rests, async () => asRun(await client.verifications.find(accepted.id)))
      assertEndedWell('verification', end.id, end, ['failed', 'stopped'])
      context.answer(end.result!, describeVerification)
      if (!end.result!.sound) process.exitCode = 1
    })

  data
    .command('gc')
    .description('find what nothing needs any more in the object store; with --delete, remove it')
    .option('--delete', 'remove what is found')
    .option('--dry-run', 'only tell, which is the default')
    .option('--grace-hours <n>', 'younger objects stay; by default 24', wholeNumber)
    .option('--keep-days <n>', 'what was a head within so many days stays; by default 30', wholeNumber)
    .option('--no-wait', 'return once the collection was accepted')
    .action(async ({ delete: remove, dryRun, graceHours, keepDays, wait }: GcOptions, command: Command) => {
      if (remove === true && dryRun === true) command.error('error: --delete and --dry-run exclude each other')
      const client = await connect(context, waitingPatienceMs)
      const terms = { ...(graceHours === undefined ? {} : { graceHours }), ...(keepDays === undefined ? {} : { keepDays }) }
      const accepted = await client.collections.create({ dryRun: remove !== true, ...terms }, randomUUID())
      const end = wait ? await follow(context, accepted, rests, () => client.collections.find(accepted.id)) : accepted
      assertEndedWell('collection', end.id, end, ['failed', 'stopped'])
      context.answer(end, describeCollection)
    })
}

function formatOf(out: string | undefined): ExportFormat {
  switch (extname(out ?? '')) {
    case '.parquet':
      return 'parquet'
    case '.tar':
      return 'qlib'
    default:
      return 'csv'
  }
}

/** Work without a row has one step. */
const asRun = <T extends { state: string }>(inspection: T): T & { step: string } => ({ ...inspection, step: 'work' })
