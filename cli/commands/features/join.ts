import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type FeatureJoin, mostPoints } from '#contracts/feature-joins.ts'
import { connect, waitingPatienceMs } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { timeOf, universeName } from '../../options.ts'
import { bar, createTicker, facts, short } from '../../output.ts'
import { openPointsFile } from '../../points-file.ts'

type JoinOptions = { dataset: string; universe?: string; points: string; out: string; build?: string; knownBy?: string }

/** `quantloop features join` */
export function addJoin(features: Command, context: CliContext): void {
  features
    .command('join <set>')
    .description('add to symbols and times in a file the feature rows that were known then')
    .requiredOption('--dataset <name>', 'whose newest ready build of the set to read')
    .requiredOption('--points <file>', 'CSV or Parquet with the columns symbol and time; others go along')
    .requiredOption('--out <file>', 'CSV or Parquet, by its name')
    .option('--universe <name>', 'that of this universe, not of all symbols', universeName)
    .option('--build <id>', 'another build than the newest, as one of what was known at a time')
    .option('--known-by <time>', 'see nothing that became known later: 2008-06-02T21:00:00Z, or a day for its end in UTC', timeOf)
    .action(async (set: string, { dataset, universe, points: path, out, build, knownBy }: JoinOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const file = await openPointsFile(path)
      try {
        const request = { dataset, features: set, universe, build, knownBy }
        const ticker = createTicker(context.interactive)
        const parts: FeatureJoin[] = []
        for (let from = 0; from < file.points.length; from += mostPoints) {
          ticker.show(`join ${bar(from, file.points.length)}`)
          // the build of the first answer is that of all, also when another one gets ready meanwhile
          const of = { ...request, ...(parts[0] === undefined ? {} : { build: parts[0].buildId }) }
          parts.push(await client.featureJoins.join({ ...of, points: file.points.slice(from, from + mostPoints) }, randomUUID()))
        }
        ticker.end()
        const rows = parts.flatMap((part) => part.rows)
        const target = resolve(out)
        await file.write(parts[0]?.features ?? [], rows, target)
        const known = rows.filter(({ session }) => session !== null).length
        context.answer({ file: target, build: parts[0]?.buildId ?? null, rows: rows.length, known }, (answer) =>
          facts({ file: answer.file, rows: answer.rows, known: answer.known, build: answer.build && short(answer.build) }),
        )
      } finally {
        file.close()
      }
    })
}
