import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { FeatureOverview } from '#contracts/feature-overview.ts'
import { connect, waitingPatienceMs } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { universeName } from '../../options.ts'
import { facts, table } from '../../output.ts'

/** `quantloop features page` */
export function addPage(features: Command, context: CliContext): void {
  features
    .command('page <set>')
    .description('what each feature of a set means, and looks like over a dataset; with --out as one HTML page')
    .requiredOption('--dataset <name>', 'whose newest ready build of the set to tell of')
    .option('--universe <name>', 'that of this universe, not of all symbols', universeName)
    .option('--out <file>', 'write the page, with charts, readable offline')
    .action(async (set: string, { dataset, universe, out }: { dataset: string; universe?: string; out?: string }) => {
      const client = await connect(context, waitingPatienceMs)
      if (out === undefined) return context.answer(await client.featureStatistics.overview(dataset, set, universe), describeOverview)
      const page = await client.featureStatistics.page(dataset, set, universe)
      const file = resolve(out)
      await writeFile(file, page)
      context.answer({ file, bytes: Buffer.byteLength(page) }, (written) => `${written.file} (${Math.ceil(written.bytes / 1024)} KiB)`)
    })
}

const describeOverview = ({ featureSet, dataset, statistics: { universe }, check, meanings }: FeatureOverview) =>
  [
    facts({
      set: `${featureSet.name}@${featureSet.version}`,
      dataset,
      universe: universe ?? null,
      description: featureSet.description,
      check: check?.verdict ?? 'none yet',
    }),
    '',
    table(meanings, [
      { title: 'feature', value: ({ name }) => name },
      { title: 'means', value: ({ words }) => words },
    ]),
  ].join('\n')
