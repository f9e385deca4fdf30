import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { connect, waitingPatienceMs } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { downloadFile } from '../../download.ts'
import { assertEndedWell, follow } from '../../follow.ts'
import { universeName } from '../../options.ts'
import { bar, createTicker, facts, short } from '../../output.ts'
import { megabytes } from '../../snapshots.ts'

const rests = ['done', 'failed', 'stopped'] as const

type ExportOptions = { dataset: string; universe?: string; out: string; build?: string }

/** `quantloop features export` */
export function addExport(features: Command, context: CliContext): void {
  features
    .command('export <set>')
    .description('write the rows of a feature build into a Parquet file: symbol, session, and each feature')
    .requiredOption('--dataset <name>', 'whose newest ready build of the set to write')
    .requiredOption('--out <file>', 'where to')
    .option('--universe <name>', 'that of this universe, not of all symbols', universeName)
    .option('--build <id>', 'another build than the newest')
    .action(async (set: string, { dataset, universe, out, build }: ExportOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const request = { dataset, features: set, universe, build }
      const accepted = await client.featureExports.create(request, randomUUID())
      const end = await follow(context, { ...accepted, step: 'write' }, rests, async () => ({
        ...(await client.featureExports.find(accepted.id)),
        step: 'write',
      }))
      assertEndedWell('export', end.id, end, ['failed', 'stopped'])
      const { url, object, ...written } = end.result!
      const file = resolve(out)
      const ticker = createTicker(context.interactive)
      await downloadFile({ url, object }, file, (received, total) => ticker.show(`download ${bar(received, total)}`))
      ticker.end()
      context.answer({ file, bytes: object.bytes, sha256: object.sha256, ...written }, (answer) =>
        facts({
          file: answer.file,
          size: megabytes(answer.bytes),
          rows: answer.rows,
          symbols: answer.symbols,
          features: answer.features,
          build: short(answer.buildId),
        }),
      )
    })
}
