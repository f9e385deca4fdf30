import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { KeptFeatureCheck } from '#contracts/feature-checks.ts'
import { connect, waitingPatienceMs } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { session, universeName, wholeNumber } from '../../options.ts'
import { facts, figure, short, table } from '../../output.ts'

type CheckOptions = { dataset: string; universe?: string; build?: string; before?: string; seed?: number; out?: string }

/** `quantloop features check · approve` */
export function addCheck(features: Command, context: CliContext): void {
  features
    .command('check <set>')
    .description('look for features that read ahead or know the label, and at the history that each needs')
    .requiredOption('--dataset <name>', 'whose newest ready build of the set to check')
    .option('--universe <name>', 'that of this universe, not of all symbols', universeName)
    .option('--build <id>', 'another build than the newest')
    .option('--before <session>', 'read no label from this session on: where a test segment begins', session)
    .option('--seed <n>', 'what symbols, cuts and rows are drawn with', wholeNumber)
    .option('--out <file>', 'write the check as one HTML page as well')
    .action(async (set: string, { dataset, universe, build, before, seed, out }: CheckOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const check = await client.featureChecks.make({ dataset, features: set, universe, build, before, seed }, randomUUID())
      if (out !== undefined) {
        const file = resolve(out)
        await writeFile(file, await client.featureChecks.page(check.buildId))
        context.note(`the page is ${file}`)
      }
      context.answer(check, describeCheck)
      if (check.verdict === 'refused' && check.acceptedBy === null) process.exitCode = 1
    })

  features
    .command('approve <build>')
    .description('say that what the check of a build suspects is meant; what looks ahead cannot be accepted')
    .requiredOption('--reason <text>', 'why')
    .action(async (build: string, { reason }: { reason: string }) => {
      context.answer(await (await connect(context)).featureChecks.approve(build, { reason }, randomUUID()), describeCheck)
    })
}

function describeCheck(check: KeptFeatureCheck): string {
  const { featureSet, verdict, reasons, lookAhead, leakage, warmUp, acceptedBy, acceptedReason } = check
  const settles = new Map(warmUp.features.map((each) => [each.name, each.settles]))
  const strongest = leakage.features.toSorted((a, b) => Math.abs(b.label ?? 0) - Math.abs(a.label ?? 0)).slice(0, 10)
  return [
    facts({
      set: `${featureSet.name}@${featureSet.version}`,
      universe: check.universe ?? null,
      verdict,
      accepted: acceptedBy === null ? null : `by ${acceptedBy}: ${acceptedReason}`,
      build: short(check.buildId),
      'look-ahead': `${lookAhead.features.length} features, in ${lookAhead.cuts} cut histories of ${lookAhead.symbols} symbols`,
      leaks: leakage.features.filter(({ suspicious }) => suspicious).length,
      'settled after': `${settledBy(warmUp)} of ${warmUp.features.length} features within ${warmUp.lengths.at(-1)} sessions`,
    }),
    ...reasons.map((reason) => `  ${reason}`),
    '',
    table(strongest, [
      { title: 'feature', value: ({ name }) => name },
      { title: 'label', value: ({ label }) => figure(label), right: true },
      { title: 'before', value: ({ before }) => figure(before), right: true },
      { title: 'behind', value: ({ behind }) => figure(behind), right: true },
      { title: 'warm-up', value: ({ name }) => settles.get(name) ?? '–', right: true },
    ]),
  ].join('\n')
}

const settledBy = ({ features }: KeptFeatureCheck['warmUp']) => features.filter(({ settles }) => settles !== null).length
