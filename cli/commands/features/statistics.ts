import type { Command } from 'commander'
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureColumnStatistics, FeatureStatistics } from '#contracts/feature-statistics.ts'
import { connect, waitingPatienceMs } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { universeName } from '../../options.ts'
import { facts, figure, short, table } from '../../output.ts'

type StatisticsOptions = { dataset: string; universe?: string; build?: string; feature?: string }

/** `quantloop features statistics` */
export function addStatistics(features: Command, context: CliContext): void {
  features
    .command('statistics <set>')
    .description('how the features of a build are distributed, and go with the label')
    .requiredOption('--dataset <name>', 'whose newest ready build of the set to look at')
    .option('--universe <name>', 'that of this universe, not of all symbols', universeName)
    .option('--build <id>', 'another build than the newest')
    .option('--feature <name>', 'this one only, with its quantiles and histogram')
    .action(async (set: string, { dataset, universe, build, feature }: StatisticsOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const statistics = await (build === undefined
        ? client.featureStatistics.ofSet(dataset, set, universe)
        : client.featureStatistics.ofBuild(build))
      if (feature === undefined) return context.answer(statistics, describeAll)
      const one = statistics.features.find(({ name }) => name === feature)
      if (one === undefined)
        throw new QuantloopError('not_found', `the build has no feature ${feature}: see \`quantloop features show ${set}\``, { feature })
      context.answer(one, (each) => describeOne(each, statistics.quantileShares))
    })
}

const share = (part: number, whole: number) => `${figure((100 * part) / whole)} %`

function describeAll({ buildId, universe, rows, symbols, firstSession, lastSession, features }: FeatureStatistics): string {
  return [
    facts({ build: short(buildId), universe: universe ?? null, rows: `${rows} of ${symbols} symbols, ${firstSession} to ${lastSession}` }),
    '',
    table(features, [
      { title: 'feature', value: ({ name }) => name },
      { title: 'missing', value: ({ missing, rows: all }) => share(missing, all), right: true },
      { title: 'mean', value: ({ mean }) => figure(mean), right: true },
      { title: 'deviation', value: ({ deviation }) => figure(deviation), right: true },
      { title: 'min', value: ({ min }) => figure(min), right: true },
      { title: 'max', value: ({ max }) => figure(max), right: true },
      { title: 'rank ic', value: ({ rankIc }) => figure(rankIc.mean), right: true },
    ]),
  ].join('\n')
}

function describeOne(feature: FeatureColumnStatistics, shares: readonly number[]): string {
  const { edges, counts } = feature.byQuantiles
  return [
    facts({
      feature: feature.name,
      expression: feature.expression,
      'look-back': feature.lookback,
      'first value': feature.firstSession,
      missing: share(feature.missing, feature.rows),
      infinite: feature.infinite === 0 ? null : feature.infinite,
      mean: figure(feature.mean),
      deviation: figure(feature.deviation),
      ...Object.fromEntries(feature.quantiles.map((value, at) => [`quantile ${shares[at]}`, figure(value)])),
      'rank ic': figure(feature.rankIc.mean),
      closest: feature.closest.map(({ name, correlation }) => `${name} ${correlation}`).join(', '),
    }),
    '',
    table(
      counts.map((count, at) => ({ from: edges[at]!, to: edges[at + 1]!, count })),
      [
        { title: 'from', value: ({ from }) => figure(from), right: true },
        { title: 'to', value: ({ to }) => figure(to), right: true },
        { title: 'rows', value: ({ count }) => count, right: true },
      ],
      'no value is there',
    ),
  ].join('\n')
}
