import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import type { FeatureBuild } from '#contracts/features.ts'
import type { Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { assertEndedWell, buildRests, followBuild } from '../follow.ts'
import { paged, pagingOf, timeOf, universeName } from '../options.ts'
import { duration, facts, figure, moment, pageOf, short } from '../output.ts'
import { addVerbs } from '../verbs.ts'
import { addCheck } from './features/check.ts'
import { addExport } from './features/export.ts'
import { addJoin } from './features/join.ts'
import { addPage } from './features/page.ts'
import { addSets } from './features/sets.ts'
import { addStandingBuilds } from './features/standing.ts'
import { addStatistics } from './features/statistics.ts'

type BuildOptions = {
  dataset: string
  label: string
  labelKind?: 'time-series' | 'cross-sectional'
  persistence?: string
  snapshot?: string
  asOf?: string
  universe?: string
  wait: boolean
}

export function register(program: Command, context: CliContext): void {
  const features = program.command('features').description('feature sets, and feature sets computed over snapshots')

  features
    .command('build <set>')
    .description('compute a feature set, as mine or mine@2, and a label over a snapshot')
    .requiredOption('--dataset <name>', 'whose newest snapshot to read')
    .requiredOption('--label <expression>', "what to predict, as 'Ref($close,-1)/$close-1'")
    .addOption(new Option('--label-kind <kind>', 'how the label is judged').choices(['time-series', 'cross-sectional']))
    .option('--persistence <expression>', 'the naive forecast; by default the last known label')
    .option('--snapshot <id>', 'another snapshot than the newest')
    .option('--as-of <time>', 'see only what was known then: 2008-06-02T21:00:00Z, or a day for its end in UTC', timeOf)
    .option('--universe <name>', 'rows and cross-sections of its members only: see `quantloop data universes`', universeName)
    .option('--no-wait', 'return once the build was accepted')
    .action(async (set: string, { dataset, label, labelKind, persistence, snapshot, asOf, universe, wait }: BuildOptions) => {
      const client = await connect(context, waitingPatienceMs)
      const of = { dataset, features: set, snapshotId: snapshot, asOf, universe }
      const body = { ...of, label: { expression: label, kind: labelKind, persistence } }
      const accepted = await client.featureBuilds.create(body, randomUUID())
      const end = wait && !isAtRest(accepted) ? await followBuild(context, client, accepted) : accepted
      assertEndedWell('feature build', end.id, end, ['failed', 'stopped'])
      context.answer(end, describeBuild)
    })

  paged(features.command('builds').description('feature builds, newest first').option('--dataset <name>', 'of this dataset only')).action(
    async ({ dataset, ...paging }: Paging & { dataset?: string }) => {
      context.answer(await (await connect(context)).featureBuilds.list({ dataset, ...pagingOf(paging) }), (page) =>
        pageOf(page, buildColumns),
      )
    },
  )

  features
    .command('status <build>')
    .description('one feature build')
    .action(async (id: string) => context.answer(await (await connect(context)).featureBuilds.find(id), describeBuild))

  addSets(features, context)
  addExport(features, context)
  addStatistics(features, context)
  addCheck(features, context)
  addPage(features, context)
  addJoin(features, context)
  addStandingBuilds(features, context)
  addVerbs(features, context, 'build', ['pause', 'resume', 'stop'], (client, id, verb, reason) =>
    client.featureBuilds.tell(id, verb, reason),
  )
}

const isAtRest = ({ state }: FeatureBuild) => (buildRests as readonly string[]).includes(state)

const describeBuild = (build: FeatureBuild) =>
  facts({
    build: build.id,
    state: build.state,
    set: `${build.featureSet.name} v${build.featureSet.version}`,
    label: build.label.expression,
    universe: build.featureSet.universe ?? null,
    snapshot: build.snapshotId,
    'as known at': moment(build.asOf),
    shards: build.shards === null ? null : `${build.shards.done} of ${build.shards.total}`,
    rows: build.rows,
    columns: build.columns,
    absent: absentOf(build.featureSet.absent),
    took: build.seconds === null ? null : duration(build.seconds),
    'from cache': build.cacheHitRatio === null ? null : `${figure(build.cacheHitRatio * 100)} %`,
    failure: build.failure,
  })

/** Features that were left out, by the column that the bars lack. */
const absentOf = (absent: FeatureBuild['featureSet']['absent']) =>
  absent.length === 0
    ? null
    : `${absent.length === 1 ? absent[0]!.name : `${absent.length} features`}: bars have no $${[...new Set(absent.map(({ column }) => column))].join(', $')}`

const buildColumns = [
  { title: 'build', value: ({ id }: FeatureBuild) => short(id) },
  { title: 'set', value: ({ featureSet }: FeatureBuild) => featureSet.name },
  { title: 'dataset', value: ({ dataset }: FeatureBuild) => dataset },
  { title: 'universe', value: ({ featureSet }: FeatureBuild) => featureSet.universe ?? null },
  { title: 'snapshot', value: ({ snapshotId }: FeatureBuild) => short(snapshotId) },
  { title: 'as known at', value: ({ asOf }: FeatureBuild) => moment(asOf) },
  { title: 'state', value: ({ state }: FeatureBuild) => state },
  { title: 'rows', value: ({ rows }: FeatureBuild) => rows, right: true },
  { title: 'started', value: ({ startedAt }: FeatureBuild) => moment(startedAt) },
]
