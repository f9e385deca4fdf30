import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { QuantloopError } from '#contracts/errors.ts'
import type { QualityReport } from '#contracts/quality.ts'
import { connect, waitingPatienceMs } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { facts, short, table } from '../../output.ts'

/** `quantloop data quality` */
export function addQuality(data: Command, context: CliContext): void {
  data
    .command('quality <dataset> [snapshot]')
    .description('what to know of a snapshot before using it; by default of the newest')
    .option('--out <file>', 'write the report as one HTML page with charts, readable offline')
    .action(async (dataset: string, id: string | undefined, { out }: { out?: string }) => {
      const client = await connect(context, waitingPatienceMs)
      const snapshot = id ?? (await headOf(client, dataset))
      if (out === undefined) return context.answer(await client.snapshots.quality(dataset, snapshot), describeQuality)
      const page = await client.snapshots.qualityPage(dataset, snapshot)
      const file = resolve(out)
      await writeFile(file, page)
      context.answer({ file, bytes: Buffer.byteLength(page) }, (written) => `${written.file} (${Math.ceil(written.bytes / 1024)} KiB)`)
    })
}

async function headOf(client: Awaited<ReturnType<typeof connect>>, dataset: string): Promise<string> {
  const { headSnapshotId } = await client.datasets.find(dataset)
  if (headSnapshotId === null)
    throw new QuantloopError(
      'snapshot_not_found',
      `dataset ${dataset} has no snapshot yet: sync it first (\`quantloop data sync ${dataset}\`)`,
      {
        dataset,
      },
    )
  return headSnapshotId
}

function describeQuality(report: QualityReport): string {
  const { calendar, expected, present, symbols } = report
  return [
    facts({
      snapshot: short(report.snapshotId),
      bars: `${report.rows} of ${symbols.length} symbols, ${report.firstSession} to ${report.lastSession}`,
      sessions: `${report.sessions} of ${calendar.basis === 'exchange' ? calendar.name : 'the data itself'}`,
      coverage: expected === 0 ? null : `${((100 * present) / expected).toFixed(2)} % of ${expected} expected bars`,
      refused: report.quarantine.rows,
    }),
    '',
    table(
      report.findings,
      [
        { title: '', value: ({ severity }) => severity },
        { title: 'count', value: ({ count }) => count, right: true },
        { title: 'finding', value: ({ text }) => text },
      ],
      'nothing was found',
    ),
  ].join('\n')
}
